<?php
$ask = curl_init('https://acme.zendesk.com/api/v2/users/me.json');
curl_setopt_array($ask, [CURLOPT_RETURNTRANSFER => true, CURLOPT_USERPWD => 'admin@acme.example/token:demo-api-token-of-acme']);
$answer = curl_exec($ask);
if ($answer === false) {
    fwrite(STDERR, curl_error($ask) . "\n");
    exit(1);
}
echo json_decode($answer)->user->email, "\n";
