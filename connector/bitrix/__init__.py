"""The wire to Bitrix24: a REST client that never loses, repeats or invents anything. Knows no Flask and no database."""

from connector.bitrix.batch import BatchOutcome, Command, Outcome, Status
from connector.bitrix.calls import Kind, kind_of
from connector.bitrix.client import Answer, BitrixClient
from connector.bitrix.credentials import (
    Credential,
    CredentialSource,
    OAuthToken,
    RenewingToken,
    TokenStore,
    Webhook,
)
from connector.bitrix.encoding import Ref
from connector.bitrix.limits import (
    Bucket,
    BucketState,
    MemoryBucket,
    MemoryOperatingTimes,
    Operating,
    OperatingTimes,
    Rate,
)
from connector.bitrix.transport import WireSettings

__all__ = [
    "Answer",
    "BatchOutcome",
    "BitrixClient",
    "Bucket",
    "BucketState",
    "Command",
    "Credential",
    "CredentialSource",
    "Kind",
    "MemoryBucket",
    "MemoryOperatingTimes",
    "OAuthToken",
    "Operating",
    "OperatingTimes",
    "Outcome",
    "Rate",
    "Ref",
    "RenewingToken",
    "Status",
    "TokenStore",
    "Webhook",
    "WireSettings",
    "kind_of",
]
