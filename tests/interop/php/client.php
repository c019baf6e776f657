<?php
// Calls one operation through the served WSDL and nothing else.
// Usage: client.php WSDL OPERATION CALL.json [swa|mtom SCAN]; with a packaging the file SCAN is attached. Prints the answer or the Fault as JSON, with both envelopes.

ini_set('soap.wsdl_cache_enabled', '0');
[, $wsdl, $operation, $file] = $argv;

/** SoapClient knows no attachments: the envelope it wrote is sent by hand as the first part of a multipart. */
final class AttachingClient extends SoapClient
{
    public string $packaging = '';
    public string $scan = '';

    public function __doRequest(string $request, string $location, string $action, int $version, bool $oneWay = false): ?string
    {
        if ($this->packaging === '') {
            return parent::__doRequest($request, $location, $action, $version, $oneWay);
        }
        $boundary = 'php-' . bin2hex(random_bytes(12));
        $type = $this->packaging === 'mtom' ? 'application/xop+xml' : 'text/xml';
        $more = $this->packaging === 'mtom' ? '; type="text/xml"' : '';
        $info = $this->packaging === 'mtom' ? '; start-info="text/xml"' : '';
        $body = "--$boundary\r\nContent-Type: $type; charset=UTF-8$more\r\nContent-Transfer-Encoding: 8bit\r\n"
            . "Content-ID: <root@php>\r\n\r\n$request\r\n--$boundary\r\nContent-Type: image/png\r\n"
            . "Content-Transfer-Encoding: binary\r\nContent-ID: <scan@php>\r\n\r\n{$this->scan}\r\n--$boundary--\r\n";
        $context = stream_context_create(['http' => ['method' => 'POST', 'content' => $body, 'ignore_errors' => true,
            'header' => ["Content-Type: multipart/related; type=\"$type\"; start=\"<root@php>\"$info; boundary=\"$boundary\"",
                'SOAPAction: ""', 'Connection: close']]]);
        return file_get_contents($location, false, $context);
    }
}

$call = json_decode(file_get_contents($file));
$xroad = 'http://x-road.eu/xsd/xroad.xsd';

$headers = [];
foreach ($call->header as $name => $value) {
    $headers[] = new SoapHeader($xroad, $name, $value);
}
$client = new AttachingClient($wsdl, ['trace' => true, 'exceptions' => true, 'cache_wsdl' => WSDL_CACHE_NONE,
    'features' => SOAP_SINGLE_ELEMENT_ARRAYS]);
$client->packaging = $argv[4] ?? '';
$client->scan = isset($argv[5]) ? file_get_contents($argv[5]) : '';
$result = ['answer' => null, 'fault' => null, 'types' => []];
try {
    $returned = [];
    $answer = $client->__soapCall($operation, [$call->content], null, $headers, $returned);
    $result['answer'] = $answer;
    $result['header'] = $returned;
    foreach (get_object_vars($answer->status ?? $answer->document ?? $answer) as $name => $value) {
        $result['types'][$name] = get_debug_type($value);
    }
} catch (SoapFault $fault) {
    $result['fault'] = ['code' => $fault->faultcode, 'string' => $fault->faultstring, 'detail' => $fault->detail ?? null];
}
$result['sent'] = $client->__getLastRequest();
$result['got'] = $client->__getLastResponse();
echo json_encode($result, JSON_UNESCAPED_UNICODE | JSON_PARTIAL_OUTPUT_ON_ERROR);
