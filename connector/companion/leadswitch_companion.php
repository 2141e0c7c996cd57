<?php
/**
 * Leadswitch companion for a self-hosted Bitrix24: REST methods that read and set the CRM mode and what becomes of new inquiries.
 *
 * Must never convert, change or delete a lead, and never answers with a mode that it did not read back.
 * Not yet run on a real Bitrix24: written from public documentation, tested against stub classes. leadswitch_companion.md says how to install it.
 *
 * Mechanism: event OnRestServiceBuildDescription of the module rest (documented under "Adding Custom Methods to the REST API of the
 * On-Premise Version of Bitrix24"). PHP 7.4 or later. MIT licence.
 */

namespace Leadswitch;

use Bitrix\Crm\Category\DealCategory;
use Bitrix\Crm\LeadTable;
use Bitrix\Crm\Restriction\RestrictionManager;
use Bitrix\Crm\Settings\LeadSettings;
use Bitrix\Main\EventManager;
use Bitrix\Main\Loader;
use Bitrix\Rest\RestException;

final class Companion
{
    public const VERSION = '1.0.0';
    private const SCOPE = 'leadswitch';
    private const CLASSIC = 1;
    private const SIMPLE = 2;
    private const MODES = ['1' => self::CLASSIC, 'classic' => self::CLASSIC, '2' => self::SIMPLE, 'simple' => self::SIMPLE];
    private const IN_WORK = 'P'; // STATUS_SEMANTIC_ID of a lead that is neither won nor lost

    /** REST method => method of this class. */
    private const METHODS = [
        'leadswitch.version' => 'version',
        'leadswitch.crm.mode.set' => 'setMode',
        'leadswitch.crm.converter.get' => 'getConverter',
        'leadswitch.crm.converter.set' => 'setConverter',
    ];

    /** What is used of Bitrix24. Where any of it is missing every method refuses, before anything is changed. */
    private const NEEDS = [
        [LeadSettings::class, 'isEnabled'],
        [LeadSettings::class, 'enableLead'],
        [LeadSettings::class, 'getCurrent'],
        [LeadSettings::class, 'getFreeModeConverterConfig'],
        [LeadSettings::class, 'setFreeModeConverterConfig'],
        [RestrictionManager::class, 'getLeadsRestriction'],
        [LeadTable::class, 'getCount'],
        [DealCategory::class, 'exists'],
        [\CCrmPerms::class, 'GetCurrentUserPermissions'],
        [\CCrmPerms::class, 'HavePerm'],
        [\CEventLog::class, 'Add'],
    ];

    /** Handler of OnRestServiceBuildDescription: our scope with our methods. */
    public static function describe(): array
    {
        $methods = [];
        foreach (self::METHODS as $name => $handler) {
            $methods[$name] = ['callback' => [self::class, $handler], 'options' => []];
        }

        return [self::SCOPE => $methods];
    }

    /** `leadswitch.version`: that the companion is here, fits this Bitrix24, and what it offers. */
    public static function version(array $query = [], $page = null, $server = null): array
    {
        self::start();

        return ['version' => self::VERSION, 'methods' => array_slice(array_keys(self::METHODS), 1)];
    }

    /**
     * `leadswitch.crm.mode.set`: `mode` 1 (classic) or 2 (simple); `leftovers`: the exact number of leads in work that stay behind.
     * Nothing is converted. Answers the mode as it was read back.
     */
    public static function setMode(array $query, $page = null, $server = null): array
    {
        self::start();
        self::mayWrite();
        $query = array_change_key_case($query, CASE_LOWER);
        $asked = $query['mode'] ?? '';
        $mode = is_int($asked) || is_string($asked) ? self::MODES[strtolower((string)$asked)] ?? null : null;
        if ($mode === null) {
            throw self::refusal('LEADSWITCH_WRONG_MODE', 'The mode must be 1 (classic) or 2 (simple).');
        }
        if ($mode === self::CLASSIC && !RestrictionManager::getLeadsRestriction()->hasPermission()) {
            throw self::refusal('LEADSWITCH_LEADS_UNAVAILABLE', 'Leads are not available in the plan of this portal.');
        }
        // Counted past the caller's rights: leads that the caller cannot see are in work, too.
        $active = $mode === self::SIMPLE ? (int)LeadTable::getCount(['=STATUS_SEMANTIC_ID' => self::IN_WORK]) : 0;
        if ($active > 0 && self::number($query, 'leftovers', -1) !== $active) {
            $text = "$active leads are in work. Pass leftovers=$active to leave them behind.";
            throw self::refusal('LEADSWITCH_LEADS_IN_WORK', $text);
        }
        $previous = self::mode();
        if ($mode !== $previous) {
            LeadSettings::enableLead($mode === self::CLASSIC);
            self::log('LEADSWITCH_CRM_MODE', "CRM mode: $previous -> $mode, read back " . self::mode() . ", leads left behind: $active");
        }

        return ['mode' => self::mode(), 'previous' => $previous, 'leftovers' => $active];
    }

    /** `leadswitch.crm.converter.get`: what Bitrix24 makes of a new inquiry in Simple mode. */
    public static function getConverter(array $query = [], $page = null, $server = null): array
    {
        self::start();
        self::mayConfigure();

        return self::converter();
    }

    /**
     * `leadswitch.crm.converter.set`: `contact`, `company`, `completeActivities` (Y/N), `categoryId` (pipeline); what is not given stays.
     * With neither contact nor company a contact is made, as in Bitrix24's own dialog.
     */
    public static function setConverter(array $query, $page = null, $server = null): array
    {
        self::start();
        self::mayWrite();
        $query = array_change_key_case($query, CASE_LOWER);
        $old = self::converter();
        $contact = self::flag($query, 'contact', $old['contact']);
        $company = self::flag($query, 'company', $old['company']);
        $category = self::number($query, 'categoryid', $old['categoryId']);
        if ($category !== 0 && ($category < 0 || !DealCategory::exists($category))) {
            throw self::refusal('LEADSWITCH_WRONG_PIPELINE', "There is no pipeline $category.");
        }
        $items = [\CCrmOwnerType::Deal];
        if ($contact || !$company) {
            $items[] = \CCrmOwnerType::Contact;
        }
        if ($company) {
            $items[] = \CCrmOwnerType::Company;
        }
        LeadSettings::getCurrent()->setFreeModeConverterConfig([
            'items' => $items,
            'dealCategoryId' => $category,
            'completeActivities' => self::flag($query, 'completeactivities', $old['completeActivities']),
        ]);
        $new = self::converter();
        if ($new !== $old) {
            self::log('LEADSWITCH_CRM_CONVERTER', 'New inquiries: ' . json_encode($old) . ' -> ' . json_encode($new));
        }

        return $new;
    }

    /** 1 or 2 as `crm.settings.mode.get` answers it: without the leads feature a portal behaves as Simple. */
    private static function mode(): int
    {
        return LeadSettings::isEnabled() ? self::CLASSIC : self::SIMPLE;
    }

    private static function converter(): array
    {
        $stored = LeadSettings::getCurrent()->getFreeModeConverterConfig();
        $items = array_map('intval', (array)($stored['items'] ?? [])) ?: [\CCrmOwnerType::Deal, \CCrmOwnerType::Contact];

        return [
            'contact' => in_array(\CCrmOwnerType::Contact, $items, true),
            'company' => in_array(\CCrmOwnerType::Company, $items, true),
            'categoryId' => (int)($stored['dealCategoryId'] ?? 0),
            'completeActivities' => (bool)($stored['completeActivities'] ?? false),
        ];
    }

    /** Load the CRM and make sure that everything we use is there. */
    private static function start(): void
    {
        $loaded = Loader::includeModule('crm');
        $missing = $loaded ? [] : ['module crm'];
        if ($loaded && !defined('BX_CRM_PERM_CONFIG')) {
            $missing[] = 'BX_CRM_PERM_CONFIG';
        }
        foreach ($loaded ? self::NEEDS : [] as [$class, $method]) {
            if (!method_exists($class, $method)) {
                $missing[] = "$class::$method";
            }
        }
        if ($missing) {
            $text = 'The companion does not fit this version of Bitrix24, which lacks: ' . implode(', ', $missing) . '.';
            throw self::refusal('LEADSWITCH_UNSUPPORTED', $text);
        }
    }

    /** The right that Bitrix24's own dialog asks for: "Allow to modify settings" of the CRM. */
    private static function mayConfigure(): void
    {
        if (!\CCrmPerms::GetCurrentUserPermissions()->HavePerm('CONFIG', BX_CRM_PERM_CONFIG, 'WRITE')) {
            throw self::refusal('ACCESS_DENIED', 'You may not change CRM settings.', \CRestServer::STATUS_FORBIDDEN);
        }
    }

    private static function mayWrite(): void
    {
        self::mayConfigure();
        if (defined('LEADSWITCH_READ_ONLY') && LEADSWITCH_READ_ONLY) {
            throw self::refusal('ACCESS_DENIED', 'The companion is installed read-only.', \CRestServer::STATUS_FORBIDDEN);
        }
    }

    private static function refusal(string $code, string $text, string $status = \CRestServer::STATUS_WRONG_REQUEST): RestException
    {
        return new RestException($text, $code, $status);
    }

    /** A whole number; `$default` only when the parameter is absent. */
    private static function number(array $query, string $name, int $default): int
    {
        $value = array_key_exists($name, $query) ? $query[$name] : $default;

        return is_scalar($value) ? (int)$value : 0;
    }

    private static function flag(array $query, string $name, bool $default): bool
    {
        $value = array_key_exists($name, $query) ? $query[$name] : $default;

        return $value === true || (is_scalar($value) && in_array(strtoupper(trim((string)$value)), ['Y', '1', 'TRUE'], true));
    }

    /** One line in Bitrix24's event log (Settings, Tools, Event log), which notes the user and the time itself. */
    private static function log(string $type, string $text): void
    {
        \CEventLog::Add([
            'SEVERITY' => 'SECURITY',
            'AUDIT_TYPE_ID' => $type,
            'MODULE_ID' => 'crm',
            'ITEM_ID' => 'leadswitch',
            'DESCRIPTION' => $text,
        ]);
    }
}

// Opened by its address, outside Bitrix24, this file does nothing. A handler of this event is given no Event object, hence "Compatible".
if (class_exists(EventManager::class)) {
    EventManager::getInstance()->addEventHandlerCompatible('rest', 'OnRestServiceBuildDescription', [Companion::class, 'describe']);
}
