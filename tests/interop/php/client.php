<?php
// Calls one operation through the served WSDL and nothing else.
// Usage: client.php WSDL OPERATION CALL.json; prints the answer or the Fault as JSON, with both envelopes.

ini_set('soap.wsdl_cache_enabled', '0');
[, $wsdl, $operation, $file] = $argv;
$call = json_decode(file_get_contents($file));
$xroad = 'http://x-road.eu/xsd/xroad.xsd';

$headers = [];
foreach ($call->header as $name => $value) {
    $headers[] = new SoapHeader($xroad, $name, $value);
}
$client = new SoapClient($wsdl, ['trace' => true, 'exceptions' => true, 'cache_wsdl' => WSDL_CACHE_NONE,
    'features' => SOAP_SINGLE_ELEMENT_ARRAYS]);
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
