"""What ministack's check of a call lacks: the actions and resource ARNs of some calls, iam:PassRole, and the rule
that a trust policy which names a service lets no account's root in."""

import json
from contextvars import ContextVar

from ministack.core import iam_actions, iam_evaluator

action_of = iam_actions.extract_iam_action
resource_arn = iam_actions.extract_resource_arn
denial = iam_actions.access_denied_response
enforce = iam_evaluator.enforce
trusts = iam_evaluator._trust_principal_matches

# Lambda's sub-resources of a function that ministack takes for the function itself, by method.
LAMBDA = {
    ("PUT", "event-invoke-config"): "PutFunctionEventInvokeConfig",
    ("POST", "event-invoke-config"): "UpdateFunctionEventInvokeConfig",
    ("GET", "event-invoke-config"): "GetFunctionEventInvokeConfig",
    ("DELETE", "event-invoke-config"): "DeleteFunctionEventInvokeConfig",
    ("GET", "concurrency"): "GetFunctionConcurrency",
    ("DELETE", "concurrency"): "DeleteFunctionConcurrency",
}

# The role that the call under way hands to a service, and that service; set before the call is checked.
passed: ContextVar[tuple[str, str] | None] = ContextVar("passed", default=None)
refused: ContextVar[str | None] = ContextVar("refused", default=None)


def request_of(body):
    try:
        request = json.loads(body or b"{}")
    except ValueError:  # a query, or a blob: these have no members
        return {}
    return request if isinstance(request, dict) else {}


def extract_iam_action(service, method, path, headers, body, query_params):
    if service == "lambda":
        action = LAMBDA.get((method, path.rstrip("/").rsplit("/", 1)[-1]))
        if action:
            return f"lambda:{action}"
    return action_of(service, method, path, headers, body, query_params)


def passed_role(service, request):
    if service == "lambda" and request.get("Role"):
        return request["Role"], "lambda.amazonaws.com"
    roles = [target["RoleArn"] for target in request.get("Targets", []) if target.get("RoleArn")] \
        if service == "events" else []
    return (roles[0], "events.amazonaws.com") if roles else None


def extract_resource_arn(service, method, path, headers, body, query_params, region, account_id):
    """Buses, a function to be made and alarms to be deleted are named in the body; targets and tags name their rule
    in other members; a rule on the default bus has no bus in its ARN."""
    arn = resource_arn(service, method, path, headers, body, query_params, region, account_id)
    request = request_of(body) if service in ("events", "lambda", "monitoring") else {}
    passed.set(passed_role(service, request))
    refused.set(None)
    if service == "lambda" and method == "POST" and path.rstrip("/").endswith("/functions"):
        return f"arn:aws:lambda:{region}:{account_id}:function:{request.get('FunctionName', '')}"
    if service == "monitoring":
        names = request.get("AlarmNames") if headers.get("x-amz-target", "").endswith(".DeleteAlarms") else None
        return f"arn:aws:cloudwatch:{region}:{account_id}:alarm:{names[0]}" if names else request.get("ResourceARN", arn)
    if service != "events":
        return arn
    if headers.get("x-amz-target", "").endswith("EventBus") and "Name" in request:
        return f"arn:aws:events:{region}:{account_id}:event-bus/{request['Name']}"
    if "Rule" in request:
        arn = f"arn:aws:events:{region}:{account_id}:rule/{request.get('EventBusName') or 'default'}/{request['Rule']}"
    return request.get("ResourceARN", arn).replace(":rule/default/", ":rule/")


def enforce_with_passed_role(access_key_id, iam_action, service, region, resource_arn="*", service_context=None):
    denied = enforce(access_key_id, iam_action, service, region, resource_arn, service_context)
    handed = passed.get()
    if denied or handed is None or service not in ("events", "lambda"):
        return denied
    role, to = handed
    denied = enforce(access_key_id, "iam:PassRole", "iam", region, role, {"iam:PassedToService": to})
    if denied:
        refused.set(role)
    return denied


def access_denied_response(service, action, *arguments, **named):
    """Names iam:PassRole and the role where that is what was refused."""
    role = refused.get()
    if role:
        action, named = "iam:PassRole", {**named, "resource_arn": role}
    return denial(service, action, *arguments, **named)


def trust_principal_matches(principal, caller_arn, federated):
    """No caller with an access key is a service."""
    if isinstance(principal, dict) and not federated:
        principal = {kind: named for kind, named in principal.items() if kind != "Service"}
    return trusts(principal, caller_arn, federated)


def fill():
    iam_actions.extract_iam_action = extract_iam_action
    iam_actions.extract_resource_arn = extract_resource_arn
    iam_actions.access_denied_response = access_denied_response
    iam_actions._BOTOCORE_SERVICE_MAP["account"] = ["account"]
    iam_evaluator.enforce = enforce_with_passed_role
    iam_evaluator._trust_principal_matches = trust_principal_matches
