"""The same as on SQLite, on PostgreSQL: what is noticed, stored, told and acted on. Skips where PostgreSQL is missing."""

from collections.abc import Callable, Iterator

import pytest

from connector.store.database import Database
from connector.store.keyfile import new_key
from tests.webhooks.test_automation import (
    test_a_guided_flip_is_watched_every_few_seconds_and_the_run_goes_on_by_itself,
    test_a_lead_that_bitrix24_converts_at_once_makes_us_read_the_mode_at_once,
    test_a_mode_flipped_by_hand_is_noticed_told_and_acted_on_within_one_interval,
    test_workflow_and_trigger_run_once_on_each_deal_of_a_switch,
)
from tests.webhooks.test_inbound import (
    b24,
    clock,
    installed,
    settings,
    test_an_event_that_nobody_knows_is_on_record_and_ignored,
    test_event_whose_handling_broke_off_is_finished_later,
    test_same_delivery_twice_is_kept_once,
    test_uninstall_event_deletes_credentials_and_coming_twice_does_no_harm,
)
from tests.webhooks.test_offline import (
    missed,
    test_a_process_that_dies_before_it_takes_them_off_stores_them_once,
)
from tests.webhooks.test_outbox import (
    room,
    test_a_delivery_that_its_process_left_is_taken_up_by_another_with_the_same_id,
    test_a_receiver_that_is_down_for_two_days_gets_everything_once_it_is_back,
)

__all__ = [
    "b24",
    "clock",
    "installed",
    "missed",
    "room",
    "settings",
    "test_a_delivery_that_its_process_left_is_taken_up_by_another_with_the_same_id",
    "test_a_guided_flip_is_watched_every_few_seconds_and_the_run_goes_on_by_itself",
    "test_a_lead_that_bitrix24_converts_at_once_makes_us_read_the_mode_at_once",
    "test_a_mode_flipped_by_hand_is_noticed_told_and_acted_on_within_one_interval",
    "test_a_process_that_dies_before_it_takes_them_off_stores_them_once",
    "test_a_receiver_that_is_down_for_two_days_gets_everything_once_it_is_back",
    "test_an_event_that_nobody_knows_is_on_record_and_ignored",
    "test_event_whose_handling_broke_off_is_finished_later",
    "test_same_delivery_twice_is_kept_once",
    "test_uninstall_event_deletes_credentials_and_coming_twice_does_no_harm",
    "test_workflow_and_trigger_run_once_on_each_deal_of_a_switch",
]

pytestmark = pytest.mark.postgres


@pytest.fixture
def database(new_postgres_url: Callable[[], str]) -> Iterator[Database]:
    """A migrated database on the throw-away server, in place of the SQLite one."""
    made = Database(new_postgres_url(), [new_key()])
    made.migrate()
    yield made
    made.close()
