"""Bitrix24's own JavaScript client (the copy in templates/static/vendor) in Node: OAuth over HTTP, webhook over TLS."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from connector.sandbox.server import SandboxServer

VENDOR = Path(__file__).parents[2] / "templates" / "static" / "vendor" / "b24jssdk" / "b24jssdk.min.js"
NODE = shutil.which("node")
pytestmark = [
    pytest.mark.skipif(NODE is None, reason="Node is not installed"),
    pytest.mark.skipif(not VENDOR.exists(), reason="b24jssdk is not in the tree"),
]
OAUTH = """
const b24 = new sdk.B24OAuth(
  { applicationToken: "a", userId: 1, memberId: env.member_id, accessToken: env.access, refreshToken: env.refresh,
    expires: Math.floor(Date.now() / 1000) + 3600, expiresIn: 3600, scope: "crm", status: "L", domain: env.portal,
    clientEndpoint: env.portal + "/rest/", serverEndpoint: env.oauth + "/rest/", issuer: "request" },
  { clientId: env.client_id, clientSecret: env.client_secret })
"""
HOOK = "const b24 = sdk.B24Hook.fromWebhookUrl(env.https_webhook)\n"
LIST = """
const answer = await b24.actions.v2.callList.make({ method: "crm.lead.list", params: { select: ["ID"] } })
console.log(JSON.stringify(answer.getData().map(row => Number(row.ID))))
"""


def node(server: SandboxServer, tmp_path: Path, script: str, **more: str) -> Any:
    """What the script prints, as JSON. It sees the ready line as `env` and the client as `sdk`."""
    shutil.copy(VENDOR, tmp_path / "b24jssdk.cjs")
    body = f"const sdk = require('./b24jssdk.cjs'); const env = {json.dumps({**server.ready, **more})};\n"
    body += (
        "(async () => {"
        + script
        + "})().then(() => process.exit(0), e => { console.error(e); process.exit(1) })"
    )
    (tmp_path / "run.cjs").write_text(body)
    environment = {**os.environ, "NODE_EXTRA_CA_CERTS": server.ready.get("ca", "")}
    done = subprocess.run(
        [str(NODE), "run.cjs"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.strip().splitlines()[-1])


def token(server: SandboxServer) -> dict[str, str]:
    requests.post(
        server.ready["control"] + "app/install", json={"finish": True}, timeout=10
    ).raise_for_status()
    pair = server.events.oauth.issue(server.ready["client_id"], 1)
    return {"access": pair.access, "refresh": pair.refresh}


def test_every_lead_by_oauth_over_http(sandbox: Callable[..., SandboxServer], tmp_path: Path) -> None:
    server = sandbox(leads=130)
    assert sorted(node(server, tmp_path, OAUTH + LIST, **token(server))) == server.world.leads.ids
    assert server.world.counters["method.crm.lead.list"] == 130 // 50 + 1


def test_every_lead_by_webhook_over_tls(sandbox: Callable[..., SandboxServer], tmp_path: Path) -> None:
    server = sandbox(leads=130, tls=True)
    assert sorted(node(server, tmp_path, HOOK + LIST)) == server.world.leads.ids


def test_a_reference_chain_in_one_batch(sandbox: Callable[..., SandboxServer], tmp_path: Path) -> None:
    server = sandbox(leads=0, tls=True)
    script = """
    const answer = await b24.actions.v2.batch.make({ calls: {
      lead: { method: "crm.item.add", params: { entityTypeId: 1, fields: { title: "Chain" } } },
      deal: { method: "crm.item.add", params: { entityTypeId: 2, fields: { leadId: "$result[lead][item][id]" } } },
    }, options: { isHaltOnError: true, returnAjaxResult: false } })
    console.log(JSON.stringify(answer.getData().deal.item.leadId))
    """
    assert node(server, tmp_path, HOOK + script) == server.world.leads.ids[0]


def test_an_expired_token_is_renewed_once_and_the_call_repeated(
    sandbox: Callable[..., SandboxServer], tmp_path: Path
) -> None:
    server = sandbox(leads=3)
    pair = token(server)
    requests.post(server.ready["control"] + "tokens/expire", timeout=10)
    assert sorted(node(server, tmp_path, OAUTH + LIST, **pair)) == server.world.leads.ids
    errors = [call["error"] for call in server.world.call_log if call["method"] == "crm.lead.list"]
    assert errors == ["expired_token", None]


def test_a_write_whose_answer_is_lost_is_doubled(
    sandbox: Callable[..., SandboxServer], tmp_path: Path
) -> None:
    server = sandbox(leads=0, tls=True)
    fault = {"method": "crm.lead.add", "kind": "drop_after", "nth": [1]}
    requests.post(server.ready["control"] + "faults", json=fault, timeout=10).raise_for_status()
    script = """
    const params = { fields: { TITLE: "once?" } }
    const answer = await b24.actions.v2.call.make({ method: "crm.lead.add", params })
    console.log(JSON.stringify(answer.getData().result))
    """
    node(server, tmp_path, HOOK + script)
    assert len(server.world.leads) == 2
