import jakarta.activation.DataHandler;
import jakarta.activation.FileDataSource;
import jakarta.xml.ws.BindingProvider;
import jakarta.xml.ws.Holder;
import jakarta.xml.ws.handler.Handler;
import jakarta.xml.ws.handler.MessageContext;
import jakarta.xml.ws.handler.soap.SOAPHandler;
import jakarta.xml.ws.handler.soap.SOAPMessageContext;
import jakarta.xml.ws.WebServiceFeature;
import jakarta.xml.ws.soap.MTOMFeature;
import jakarta.xml.ws.soap.SOAPFaultException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import javax.xml.datatype.DatatypeFactory;
import javax.xml.datatype.XMLGregorianCalendar;
import javax.xml.namespace.QName;
import javax.xml.transform.TransformerException;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.stream.StreamResult;
import jakarta.xml.soap.SOAPException;
import eu.x_road.xsd.identifiers.XRoadClientIdentifierType;
import eu.x_road.xsd.identifiers.XRoadObjectType;
import eu.x_road.xsd.identifiers.XRoadServiceIdentifierType;
import kg.isuo.producer.v1.*;

/** Calls one operation through classes generated from the served WSDL. Usage: Client WSDL FOLDER (with call.properties). */
public final class Client {
    private static final Properties CALL = new Properties();

    public static void main(String[] arguments) throws Exception {
        Path folder = Path.of(arguments[1]);
        try (var reader = Files.newBufferedReader(folder.resolve("call.properties"))) {
            CALL.load(reader);
        }
        String packaging = CALL.getProperty("packaging", "");
        WebServiceFeature[] features = packaging.equals("mtom")
                ? new WebServiceFeature[] {new MTOMFeature()} : new WebServiceFeature[0];
        LearnersPortType port = new LearnersService(URI.create(arguments[0]).toURL()).getLearnersPort(features);
        if (!packaging.isEmpty()) {
            DataHandler scan = new DataHandler(new FileDataSource(folder.resolve("scan.png").toFile()));
            ((BindingProvider) port).getRequestContext()
                    .put(MessageContext.OUTBOUND_MESSAGE_ATTACHMENTS, Map.of("scan@java", scan));
        }
        ((BindingProvider) port).getBinding().setHandlerChain(List.<Handler>of(new Recorder(folder)));
        Properties result = new Properties();
        try {
            if (CALL.getProperty("operation").equals("getLearnerStatus")) {
                askAboutLearner(port, result);
            } else {
                askAboutDocument(port, result);
            }
        } catch (SOAPFaultException refusal) {
            result.setProperty("faultCode", refusal.getFault().getFaultCodeAsQName().toString());
            result.setProperty("faultString", refusal.getFault().getFaultString());
            result.setProperty("faultDetail", refusal.getFault().getDetail().getTextContent());
        }
        try (var writer = Files.newBufferedWriter(folder.resolve("result.properties"))) {
            result.store(writer, null);
        }
    }

    private static void askAboutLearner(LearnersPortType port, Properties result) throws Exception {
        GetLearnerStatus question = new GetLearnerStatus();
        question.setContext(context());
        Subject subject = new Subject();
        subject.setPin(CALL.getProperty("pin"));
        Control control = new Control();
        control.getContent().add(new ObjectFactory().createControlBirthDate(day(CALL.getProperty("birthDate"))));
        subject.setControl(control);
        question.setSubject(subject);
        Header header = new Header();
        GetLearnerStatusResponse answer = port.getLearnerStatus(question, header.client, header.service,
                header.userId, header.id, header.issue, header.protocolVersion);
        header.report(result);
        LearnerStatus status = answer.getStatus();
        result.setProperty("resultCode", answer.getResultCode().name());
        boolean studying = status.isStudying();
        XMLGregorianCalendar from = status.getPeriod().get(0).getFrom();
        result.setProperty("studying", String.valueOf(studying));
        result.setProperty("from", from.getYear() + "/" + from.getMonth() + "/" + from.getDay());
    }

    private static void askAboutDocument(LearnersPortType port, Properties result) throws Exception {
        VerifyEducationDocument question = new VerifyEducationDocument();
        question.setContext(context());
        DocumentNumber document = new DocumentNumber();
        document.setType(CALL.getProperty("type"));
        document.setSeries(CALL.getProperty("series"));
        document.setNumber(CALL.getProperty("number"));
        question.setDocument(document);
        kg.isuo.producer.v1.Holder holder = new kg.isuo.producer.v1.Holder();
        holder.setBirthDate(day(CALL.getProperty("birthDate")));
        question.setHolder(holder);
        Header header = new Header();
        VerifyEducationDocumentResponse answer = port.verifyEducationDocument(question, header.client, header.service,
                header.userId, header.id, header.issue, header.protocolVersion);
        header.report(result);
        result.setProperty("documentStatus", answer.getDocumentStatus().name());
        boolean honours = answer.getDocument().isHonours();
        result.setProperty("honours", String.valueOf(honours));
    }

    private static RequestContext context() {
        RequestContext context = new RequestContext();
        context.setPurposeCode(CALL.getProperty("purposeCode"));
        context.setAgreementNo(CALL.getProperty("agreementNo"));
        context.setRequestOrg(CALL.getProperty("requestOrg"));
        context.setRequestPerson(CALL.getProperty("requestPerson"));
        context.setCaseRef(CALL.getProperty("caseRef"));
        return context;
    }

    private static XMLGregorianCalendar day(String text) throws Exception {
        return DatatypeFactory.newInstance().newXMLGregorianCalendar(text);
    }

    /** The X-Road header: what is put in before the call comes back in the same holders. */
    private static final class Header {
        final Holder<XRoadClientIdentifierType> client = new Holder<>(new XRoadClientIdentifierType());
        final Holder<XRoadServiceIdentifierType> service = new Holder<>(new XRoadServiceIdentifierType());
        final Holder<String> userId = new Holder<>(CALL.getProperty("userId"));
        final Holder<String> id = new Holder<>(CALL.getProperty("id"));
        final Holder<String> issue = new Holder<>(CALL.getProperty("issue"));
        final Holder<String> protocolVersion = new Holder<>(CALL.getProperty("protocolVersion"));

        Header() {
            client.value.setObjectType(XRoadObjectType.SUBSYSTEM);
            client.value.setXRoadInstance(CALL.getProperty("client.xRoadInstance"));
            client.value.setMemberClass(CALL.getProperty("client.memberClass"));
            client.value.setMemberCode(CALL.getProperty("client.memberCode"));
            client.value.setSubsystemCode(CALL.getProperty("client.subsystemCode"));
            service.value.setObjectType(XRoadObjectType.SERVICE);
            service.value.setXRoadInstance(CALL.getProperty("service.xRoadInstance"));
            service.value.setMemberClass(CALL.getProperty("service.memberClass"));
            service.value.setMemberCode(CALL.getProperty("service.memberCode"));
            service.value.setSubsystemCode(CALL.getProperty("service.subsystemCode"));
            service.value.setServiceCode(CALL.getProperty("service.serviceCode"));
            service.value.setServiceVersion(CALL.getProperty("service.serviceVersion"));
        }

        void report(Properties result) {
            result.setProperty("client", String.join("/", client.value.getObjectType().name(), client.value.getXRoadInstance(),
                    client.value.getMemberClass(), client.value.getMemberCode(), client.value.getSubsystemCode()));
            result.setProperty("service", String.join("/", service.value.getObjectType().name(), service.value.getXRoadInstance(),
                    service.value.getMemberClass(), service.value.getMemberCode(), service.value.getSubsystemCode(),
                    service.value.getServiceCode(), service.value.getServiceVersion()));
            result.setProperty("userId", userId.value);
            result.setProperty("id", id.value);
            result.setProperty("issue", issue.value);
            result.setProperty("protocolVersion", protocolVersion.value);
        }
    }

    /** Keeps both envelopes as files, without what is attached. */
    private static final class Recorder implements SOAPHandler<SOAPMessageContext> {
        private final Path folder;

        Recorder(Path folder) {
            this.folder = folder;
        }

        @Override
        public boolean handleMessage(SOAPMessageContext context) {
            boolean out = (boolean) context.get(MessageContext.MESSAGE_OUTBOUND_PROPERTY);
            try {
                ByteArrayOutputStream written = new ByteArrayOutputStream();
                TransformerFactory.newInstance().newTransformer()
                        .transform(context.getMessage().getSOAPPart().getContent(), new StreamResult(written));
                Files.write(folder.resolve(out ? "sent.xml" : "got.xml"), written.toByteArray());
            } catch (IOException | SOAPException | TransformerException failure) {
                throw new IllegalStateException(failure);
            }
            return true;
        }

        @Override
        public boolean handleFault(SOAPMessageContext context) {
            return handleMessage(context);
        }

        @Override
        public void close(MessageContext context) {
        }

        @Override
        public Set<QName> getHeaders() {
            return Set.of();
        }
    }
}
