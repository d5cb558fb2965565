"""Runs ministack on a free port of 127.0.0.1 and prints that port.

What ministack lacks is added by wrapping, never by editing it: here `aws:PrincipalOrgID` from a registered
organization, and the admin routes under /_sandbox/ (listed in gateway/call.ts), guarded by the token in
PORTCULLIS_SANDBOX_TOKEN; the rest in gaps.py. The process and the functions it runs end when its standard
input closes.
"""

import asyncio
import hmac
import json
import os
import signal
import socket
import sys
import threading
from datetime import datetime, timezone

TOKEN = os.environ.pop("PORTCULLIS_SANDBOX_TOKEN")  # taken out: functions inherit this environment
report = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what ministack prints is a log, the port alone goes to standard output

import authorization
import bulk
import control_policies
import gaps
import prefix_lists
import shared_subnets
from hypercorn.asyncio import serve
from hypercorn.config import Config
from ministack import app as ministack
from ministack.core import iam_evaluator as evaluator
from ministack.core.responses import request_scope
from ministack.services import eventbridge, iam, sts

organizations: dict[str, str] = {}  # account id -> organization id
gaps.fill()
evaluator._principal_org_id = authorization.organization_of = organizations.get
prefix_lists.members = lambda account: (
    [each for each, of in organizations.items() if of == organizations[account]] if account in organizations
    else [account])


def organization(question):
    for account in [a for a, o in organizations.items() if o == question["id"]]:
        del organizations[account]
    organizations.update(dict.fromkeys(question["accounts"], question["id"]))
    control_policies.set_levels(question["id"], question.get("policies", {}))


def identity(question):
    key = question["accessKeyId"]
    session = sts._sessions.get(key) or {}
    account = (key if evaluator._ACCOUNT_ID_RE.fullmatch(key) else
               evaluator._account_from_arn(session.get("Arn", "")) or evaluator.find_iam_access_key_account(key))
    found = evaluator.resolve_credential(key, account) if account else None
    if found is None or isinstance(found, evaluator.CredentialResolutionError):
        return None
    answer = {"accountId": found.account_id, "arn": found.principal_arn, "userId": found.principal_id,
              "type": found.principal_type}
    if found.principal_name:
        answer["userName"] = found.principal_name
    if found.principal_type == "AssumedRole":
        name = evaluator._role_name_from_assumed_arn(found.principal_arn)
        role = iam._roles.get_scoped(account, None, name) or {}
        created = datetime.fromtimestamp(session.get("IssuedAt", 0), timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        answer["userId"] = f"{role.get('RoleId', '')}:{found.principal_arn.rsplit('/', 1)[-1]}"
        answer["issuer"] = {"arn": role.get("Arn", ""), "principalId": role.get("RoleId", ""), "userName": name,
                            "createdAt": created}
    return answer


def match(question):
    bus = question["bus"]
    with request_scope(question["accountId"], question["region"]):
        eventbridge._ensure_default_bus()
        if bus not in eventbridge._event_buses:
            return None
        view = eventbridge._pattern_event_view(eventbridge._event_from_test_payload(question["event"]))
        return [{"arn": rule["Arn"], "targets": eventbridge._targets.get(key, [])}
                for key, rule in eventbridge._rules.items()
                if rule.get("EventBusName", "default") == bus and rule.get("State") != "DISABLED"
                and rule.get("EventPattern")
                and eventbridge._matches_pattern_view(rule["EventPattern"], view, f"rule {key}")]


def scheduled(question):
    """A rule of the default bus that goes by a schedule and is not disabled, with its targets; None without it."""
    with request_scope(question["accountId"], question["region"]):
        eventbridge._ensure_default_bus()
        for key, rule in eventbridge._rules.items():
            if (rule["Name"] == question["rule"] and rule.get("EventBusName", "default") == "default"
                    and rule.get("ScheduleExpression") and rule.get("State") != "DISABLED"):
                return {"arn": rule["Arn"], "targets": eventbridge._targets.get(key, [])}


def role_of(arn):
    account, name = arn.split(":")[4], arn.rsplit("/", 1)[-1]
    return account, name, iam._roles.get_scoped(account, None, name)


def resource_policy(arn):
    """The policy of a bus, queue, topic, function or (its trust policy) role; None where there is no such resource."""
    _, _, service, region, account, resource = arn.split(":", 5)
    if service == "iam":
        role = role_of(arn)[2]
        return role and role.get("AssumeRolePolicyDocument")
    with request_scope(account, region):
        if service == "events":
            eventbridge._ensure_default_bus()
            bus = resource.split("/", 1)[1]
            return eventbridge._event_bus_policies.get(bus, {}) if bus in eventbridge._event_buses else None
        found = evaluator._resource_policy(service, arn)
        return found and (found[0] or {})


def decide(question):
    principal, policy = question["principal"], question["policy"]
    service = principal if principal.endswith(".amazonaws.com") else None
    context = evaluator.EvalContext(
        principal_arn=principal, principal_type="Service" if service else "AssumedRole",
        principal_account="" if service else principal.split(":")[4], action=question["action"],
        resource_arn=question["resource"], region=question["region"],
        service_context={key.lower(): value for key, value in question.get("context", {}).items()})
    if policy == "identity":
        account, name, role = role_of(question["role"])
        if control_policies.refusal(account, role, context):
            return "Deny"
        boundary = evaluator._permissions_boundary(iam._roles, name, account)
        return evaluator.evaluate(context, evaluator._gather_role_policies(name, account), *boundary).decision
    document = resource_policy(question["resource"])
    if document is None:
        return "Absent"
    return evaluator.evaluate_resource_policy(document, context, service=service).decision


routes = {"organization": organization, "identity": identity, "match": match, "scheduled": scheduled,
          "bulk": bulk.fill, "share-subnet": shared_subnets.share,
          "authorize": lambda question: [decide(one) for one in question["questions"]]}


async def application(scope, receive, send):
    if scope["type"] != "http" or not scope["path"].startswith("/_sandbox/"):
        return await ministack.app(scope, receive, send)
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    token = dict(scope["headers"]).get(b"x-sandbox-token", b"")
    route = routes.get(scope["path"].removeprefix("/_sandbox/"))
    if route is None or not hmac.compare_digest(token, TOKEN.encode()):
        status, answer = 403, {"message": "no such route, or a wrong token"}
    else:
        try:
            status, answer = 200, route(json.loads(body))
        except Exception as error:  # sent to the gateway, which raises it there
            status, answer = 500, {"message": f"{type(error).__name__}: {error}"}
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": json.dumps(answer, default=str).encode()})


def end_with_standard_input():
    sys.stdin.buffer.read()
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    os.setpgrp()  # so that the functions' processes end with this one
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(512)
    threading.Thread(target=end_with_standard_input, daemon=True).start()
    config = Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.keep_alive_timeout = 3600  # longer than the gateway keeps a connection idle
    config.accesslog = None
    print(listener.getsockname()[1], file=report, flush=True)
    asyncio.run(serve(application, config))
