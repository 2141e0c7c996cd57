<?php
// Runs one REST call through the companion against the stub portal: JSON in (file, portal, readOnly, method, params), JSON out.

set_error_handler(static function (int $level, string $text, string $file, int $line): bool {
    throw new ErrorException($text, 0, $level, $file, $line);
});

$job = json_decode(stream_get_contents(STDIN), true, 64, JSON_THROW_ON_ERROR);
if ($job['bitrix']) {
    require __DIR__ . '/bitrix.php';
    Portal::set($job['portal']);
}
if ($job['readOnly']) {
    define('LEADSWITCH_READ_ONLY', true);
}
require_once $job['file'];
if (!$job['bitrix']) {
    exit('{}');
}

$loadedAtStart = Portal::$modules;
$scopes = [];
foreach (Portal::$handlers['rest:OnRestServiceBuildDescription'] ?? [] as $handler) {
    $scopes = array_merge_recursive($scopes, $handler());
}
$answer = [];
try {
    $callback = $scopes['leadswitch'][$job['method']]['callback'];
    $answer['result'] = call_user_func_array($callback, [$job['params'], 0, new CRestServer()]);
} catch (Bitrix\Rest\RestException $refused) {
    $answer = ['error' => $refused->error, 'error_description' => $refused->getMessage(), 'status' => (int)$refused->status];
}
echo json_encode($answer + [
    'scopes' => array_map('array_keys', $scopes),
    'loadedAtStart' => $loadedAtStart,
    'portal' => [
        'crm_lead_enabled' => Portal::$crm_lead_enabled,
        'converter' => Portal::$converter,
        'leads' => Portal::$leads,
        'flips' => Portal::$flips,
    ],
    'log' => Portal::$log,
]);
