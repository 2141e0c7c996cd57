<?php
// Stub classes: as much of Bitrix24's PHP interface as the companion uses, kept in memory. Written from facts, in our own words.

namespace {
    const BX_CRM_PERM_CONFIG = 'C';

    /** What the stub portal is like; a test may set any of it. */
    final class Portal
    {
        public static bool $crmInstalled = true;
        public static bool $leadsInPlan = true;
        public static bool $mayConfigure = true;
        public static bool $obeys = true;
        public static string $crm_lead_enabled = 'Y';
        public static array $leads = [];
        public static array $pipelines = [];
        public static array $converter = [];
        public static array $handlers = [];
        public static array $modules = [];
        public static array $log = [];
        public static int $flips = 0;

        public static function set(array $given): void
        {
            foreach ($given as $name => $value) {
                self::$$name = $value;
            }
        }
    }

    class CRestServer
    {
        public const STATUS_WRONG_REQUEST = '400 Bad Request';
        public const STATUS_FORBIDDEN = '403 Forbidden';
    }

    class CCrmOwnerType
    {
        public const Lead = 1;
        public const Deal = 2;
        public const Contact = 3;
        public const Company = 4;
    }

    class CCrmPerms
    {
        public static function GetCurrentUserPermissions(): self
        {
            return new self();
        }

        public function HavePerm($entity, $attribute, $type = 'READ'): bool
        {
            return [$entity, $attribute, $type] === ['CONFIG', BX_CRM_PERM_CONFIG, 'WRITE'] && Portal::$mayConfigure;
        }
    }

    class CEventLog
    {
        public static function Add(array $entry): void
        {
            Portal::$log[] = $entry;
        }
    }
}

namespace Bitrix\Main {
    class Loader
    {
        public static function includeModule(string $name): bool
        {
            if ($name !== 'crm' || !\Portal::$crmInstalled) {
                return false;
            }
            \Portal::$modules[] = $name;

            return true;
        }
    }

    class EventManager
    {
        public static function getInstance(): self
        {
            return new self();
        }

        public function addEventHandlerCompatible(string $module, string $event, callable $handler): void
        {
            if ($handler instanceof \Closure) {
                throw new \LogicException('anonymous functions are not supported');
            }
            \Portal::$handlers["$module:$event"][] = $handler;
        }
    }
}

namespace Bitrix\Rest {
    class RestException extends \Exception
    {
        public string $error;
        public string $status;

        public function __construct($message, $code = '', $status = 0)
        {
            parent::__construct($message);
            $this->error = $code;
            $this->status = $status;
        }
    }
}

namespace Bitrix\Crm {
    class LeadTable
    {
        public static function getCount(array $filter = []): int
        {
            if (array_keys($filter) !== ['=STATUS_SEMANTIC_ID']) {
                throw new \LogicException('unexpected filter ' . json_encode($filter));
            }

            return count(array_keys(\Portal::$leads, $filter['=STATUS_SEMANTIC_ID'], true));
        }
    }
}

namespace Bitrix\Crm\Category {
    class DealCategory
    {
        public static function exists(int $id): bool
        {
            if ($id === 0) {
                throw new \LogicException('the general pipeline has no row');
            }

            return in_array($id, \Portal::$pipelines, true);
        }
    }
}

namespace Bitrix\Crm\Restriction {
    class RestrictionManager
    {
        public static function getLeadsRestriction(): self
        {
            return new self();
        }

        public function hasPermission(): bool
        {
            return \Portal::$leadsInPlan;
        }
    }
}

namespace Bitrix\Crm\Settings {
    use Bitrix\Crm\Restriction\RestrictionManager;

    class LeadSettings
    {
        public static function getCurrent(): self
        {
            return new self();
        }

        public static function isEnabled(): bool
        {
            return RestrictionManager::getLeadsRestriction()->hasPermission() && \Portal::$crm_lead_enabled === 'Y';
        }

        public static function enableLead($enabled): bool
        {
            \Portal::$flips++;
            if (\Portal::$obeys) {
                \Portal::$crm_lead_enabled = $enabled ? 'Y' : 'N';
            }

            return true;
        }

        public function getFreeModeConverterConfig(): array
        {
            return \Portal::$converter;
        }

        public function setFreeModeConverterConfig(array $config): void
        {
            \Portal::$converter = $config;
        }
    }
}
