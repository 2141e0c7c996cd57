"""The one error tree of the project. Every error says what happened, what was not lost, and what to do next.

LeadswitchError                     key · who must act · user_message() · details
├── ConfigError                     a setting, address or option is wrong; nothing was sent
│   ├── NotAWebhook                 not the address of an incoming webhook
│   ├── InsecureAddress             http to a host that is not this machine
│   ├── UntrustedHost               a host that is not on the allow-list was about to get a secret
│   ├── BadCall                     we built a call that cannot be sent faithfully (a bug of ours)
│   ├── BadSetting                  a setting has a value that cannot be used
│   ├── WrongSecretKey              the database was encrypted with a key that is not configured
│   ├── DatabaseProblem             the database cannot be reached or is of another version
│   │   ├── DatabaseFull            no room for what is to be stored
│   │   └── DatabaseBusy            another program holds the database
│   ├── BadManifest                 app_manifest.json says something that cannot be used
│   └── PortalNotKnown              no portal of that name has installed the app here
├── BitrixError                     portal · method · code · http_status · request_id · description · ran
│   ├── TransportError              no usable answer arrived
│   │   ├── NotSent                 no connection: the call certainly did not run
│   │   │   └── CertificateInvalid      the portal's certificate is not valid; not tried again
│   │   ├── AnswerLost              sent, and the answer never came: it may have run
│   │   ├── BadAnswer               HTML, empty, truncated or oversized body
│   │   ├── ServerFault             the portal answered 5xx
│   │   └── PortalMoved             302 to an address that nobody trustworthy has named
│   ├── LimitError                  the portal asks for less
│   │   ├── RateLimited             the leaky bucket is full
│   │   ├── MethodTimeLimit         this method has used up its time for now
│   │   └── PortalBlocked           Bitrix24 has switched the REST of this portal off
│   ├── AuthError                   the credential was refused
│   │   ├── TokenExpired            to be renewed; seen outside the wire only if renewal does not help
│   │   ├── TokenRefused            unknown or revoked token or webhook key
│   │   ├── LaunchRefused           a launch, install or redirect that the OAuth server does not confirm
│   │   ├── OAuthRefused            the OAuth server refused our application keys or our request
│   │   └── DeadCredential          no way back without a person
│   │       ├── GrantRevoked        the refresh token is not valid any more
│   │       ├── PaymentRequired     the portal's subscription or the app's period has ended
│   │       ├── PortalGone          the portal was deleted or closed
│   │       └── AppUninstalled      the app is not installed there any more
│   ├── AccessDenied                this user may not do that
│   │   ├── MissingScope            the app or webhook was not given this scope
│   │   └── PlanRestriction         the portal's Bitrix24 plan does not include it
│   ├── MethodError                 the method ran its checks and refused; nothing was changed
│   │   ├── RecordNotFound          no such record, or not visible to this user
│   │   └── MethodUnknown           this portal has no such method
│   ├── BatchError                  commands of a batch failed; the others stand and are listed
│   ├── ShortList                   a list could not be read to its end, so no part of it is returned
│   │   └── CursorIgnored           the portal does not honour the paging filter
│   └── OutcomeUnknown              a write whose answer was lost: look before writing again
├── Cancelled                       the caller asked to stop; nothing was sent after that
├── PlanError                       this plan cannot be used
│   ├── NotAPlan · PlanFormatUnknown · DigestMismatch · WrongPortal
│   ├── PlanHasErrors · PlanAlreadyApplied · PlanOutdated · PlanTooOld · PlanNotFound · PlanNotReady
│   ├── OptionsUnfit · PlanBroken · NothingToWatch
│   ├── DecisionUnfit               what is to be decided is not there to decide
├── RunError                        a run cannot start or go on
│   ├── AlreadyRunning · RunNotFound · NotAllowed · WrongRunState
├── PipelineError                   a pipeline or a stage cannot be changed like this
│   ├── NoSuchPipeline · NoSuchStage · Ambiguous · PipelineExists · StageExists
│   ├── NameMissing · NameTooLong · BadColour · BadPlace · OrderMisses · OrderRepeats · StagesMixed
│   ├── PipelineInUse · StageInUse · DefaultStays · StageStays · LastStage · OneSuccess · RunHolds · RunMakes
│   ├── PipelineRefused · StagesNotCopied · PipelineHalfMade
│   └── ChangeUnderWay · ChangeUnknown · ChangeDoubtful · ChangeLost · ChangeIncomplete · NotTaken
├── ModeError                       the CRM mode cannot be changed, or was not
│   ├── ClassicUnavailable · ModeAlready · LeadsStillInWork · ModeNotConfirmed
├── AutomationError                 a rule, endpoint or delivery cannot be used as asked
│   ├── RuleNotFound · EndpointNotFound · DeliveryNotFound · BadRule · BadAddress · TooMany · EndpointDisabled
└── RequestError                    a request to the JSON API was refused; nothing was done for it
    ├── KeyRefused                  the API key opens nothing
    │   ├── NoKey · KeyExpired · KeyRevoked
    ├── ScopeNeeded · TooManyCalls · NothingHere · WrongMethod · NotAsSeen
    ├── NotReadable · NotJson · TooLarge
    ├── NotFitting                  values that are not allowed, each named as a `Fault`
    │   └── Contradiction           allowed, but not together
    ├── StillAnswering · KeyReused · OutcomeOpen     an `Idempotency-Key` that was seen before
    └── Unforeseen                  a mistake of ours

The classes live in base, config, bitrix, access, pipelines, switch, automation and api, their stored form in told; import them from here.
A leaf is five lines: `key` (stable, for translations and JSON), `who`, and three sentences with
%(name)s places that are filled from the keyword arguments.
Never put a secret into an argument; descriptions are redacted here again.
"""

from connector.errors.access import (
    AccessDenied,
    AppUninstalled,
    AuthError,
    DeadCredential,
    GrantRevoked,
    LaunchRefused,
    MissingScope,
    OAuthRefused,
    PaymentRequired,
    PlanRestriction,
    PortalGone,
    TokenExpired,
    TokenRefused,
)
from connector.errors.api import (
    Contradiction,
    Fault,
    KeyExpired,
    KeyRefused,
    KeyReused,
    KeyRevoked,
    NoKey,
    NotAsSeen,
    NotFitting,
    NothingHere,
    NotJson,
    NotReadable,
    OutcomeOpen,
    RequestError,
    ScopeNeeded,
    StillAnswering,
    TooLarge,
    TooManyCalls,
    Unforeseen,
    WrongMethod,
)
from connector.errors.automation import (
    AutomationError,
    BadAddress,
    BadRule,
    DeliveryNotFound,
    EndpointDisabled,
    EndpointNotFound,
    RuleNotFound,
    TooMany,
)
from connector.errors.base import N_, Cancelled, LeadswitchError, Ran, Who
from connector.errors.bitrix import (
    AnswerLost,
    BadAnswer,
    BatchError,
    BitrixError,
    CertificateInvalid,
    CursorIgnored,
    LimitError,
    MethodError,
    MethodTimeLimit,
    MethodUnknown,
    NotSent,
    OutcomeUnknown,
    PortalBlocked,
    PortalMoved,
    RateLimited,
    RecordNotFound,
    ServerFault,
    ShortList,
    TransportError,
)
from connector.errors.config import (
    BadCall,
    BadManifest,
    BadSetting,
    ConfigError,
    DatabaseBusy,
    DatabaseFull,
    DatabaseProblem,
    InsecureAddress,
    NotAWebhook,
    PortalNotKnown,
    UntrustedHost,
    WrongSecretKey,
)
from connector.errors.pipelines import (
    Ambiguous,
    BadColour,
    BadPlace,
    ChangeDoubtful,
    ChangeIncomplete,
    ChangeLost,
    ChangeUnderWay,
    ChangeUnknown,
    DefaultStays,
    LastStage,
    NameMissing,
    NameTooLong,
    NoSuchPipeline,
    NoSuchStage,
    NotTaken,
    OneSuccess,
    OrderMisses,
    OrderRepeats,
    PipelineError,
    PipelineExists,
    PipelineHalfMade,
    PipelineInUse,
    PipelineRefused,
    RunHolds,
    RunMakes,
    StageExists,
    StageInUse,
    StagesMixed,
    StagesNotCopied,
    StageStays,
)
from connector.errors.switch import (
    AlreadyRunning,
    ClassicUnavailable,
    DecisionUnfit,
    DigestMismatch,
    LeadsStillInWork,
    ModeAlready,
    ModeError,
    ModeNotConfirmed,
    NotAllowed,
    NotAPlan,
    NothingToWatch,
    OptionsUnfit,
    PlanAlreadyApplied,
    PlanBroken,
    PlanError,
    PlanFormatUnknown,
    PlanHasErrors,
    PlanNotFound,
    PlanNotReady,
    PlanOutdated,
    PlanTooOld,
    RunError,
    RunNotFound,
    WrongPortal,
    WrongRunState,
)
from connector.errors.told import Said, joined, sentences

__all__ = [
    "N_",
    "AccessDenied",
    "AlreadyRunning",
    "Ambiguous",
    "AnswerLost",
    "AppUninstalled",
    "AuthError",
    "AutomationError",
    "BadAddress",
    "BadAnswer",
    "BadCall",
    "BadColour",
    "BadManifest",
    "BadPlace",
    "BadRule",
    "BadSetting",
    "BatchError",
    "BitrixError",
    "Cancelled",
    "CertificateInvalid",
    "ChangeDoubtful",
    "ChangeIncomplete",
    "ChangeLost",
    "ChangeUnderWay",
    "ChangeUnknown",
    "ClassicUnavailable",
    "ConfigError",
    "Contradiction",
    "CursorIgnored",
    "DatabaseBusy",
    "DatabaseFull",
    "DatabaseProblem",
    "DeadCredential",
    "DecisionUnfit",
    "DefaultStays",
    "DeliveryNotFound",
    "DigestMismatch",
    "EndpointDisabled",
    "EndpointNotFound",
    "Fault",
    "GrantRevoked",
    "InsecureAddress",
    "KeyExpired",
    "KeyRefused",
    "KeyReused",
    "KeyRevoked",
    "LastStage",
    "LaunchRefused",
    "LeadsStillInWork",
    "LeadswitchError",
    "LimitError",
    "MethodError",
    "MethodTimeLimit",
    "MethodUnknown",
    "MissingScope",
    "ModeAlready",
    "ModeError",
    "ModeNotConfirmed",
    "NameMissing",
    "NameTooLong",
    "NoKey",
    "NoSuchPipeline",
    "NoSuchStage",
    "NotAPlan",
    "NotAWebhook",
    "NotAllowed",
    "NotAsSeen",
    "NotFitting",
    "NotJson",
    "NotReadable",
    "NotSent",
    "NotTaken",
    "NothingHere",
    "NothingToWatch",
    "OAuthRefused",
    "OneSuccess",
    "OptionsUnfit",
    "OrderMisses",
    "OrderRepeats",
    "OutcomeOpen",
    "OutcomeUnknown",
    "PaymentRequired",
    "PipelineError",
    "PipelineExists",
    "PipelineHalfMade",
    "PipelineInUse",
    "PipelineRefused",
    "PlanAlreadyApplied",
    "PlanBroken",
    "PlanError",
    "PlanFormatUnknown",
    "PlanHasErrors",
    "PlanNotFound",
    "PlanNotReady",
    "PlanOutdated",
    "PlanRestriction",
    "PlanTooOld",
    "PortalBlocked",
    "PortalGone",
    "PortalMoved",
    "PortalNotKnown",
    "Ran",
    "RateLimited",
    "RecordNotFound",
    "RequestError",
    "RuleNotFound",
    "RunError",
    "RunHolds",
    "RunMakes",
    "RunNotFound",
    "Said",
    "ScopeNeeded",
    "ServerFault",
    "ShortList",
    "StageExists",
    "StageInUse",
    "StageStays",
    "StagesMixed",
    "StagesNotCopied",
    "StillAnswering",
    "TokenExpired",
    "TokenRefused",
    "TooLarge",
    "TooMany",
    "TooManyCalls",
    "TransportError",
    "Unforeseen",
    "UntrustedHost",
    "Who",
    "WrongMethod",
    "WrongPortal",
    "WrongRunState",
    "WrongSecretKey",
    "joined",
    "sentences",
]
