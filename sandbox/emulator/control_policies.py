"""Service control policies of members: one list of policies for the root, each unit on the way and the account. Every
list has to allow a call, and a Deny in any denies it. They bind no principal of the management account, which is
registered without any, and no service-linked role. Here they bind no root user either, unlike on AWS: tests and the
sandbox itself act and read as root.
Source: "Service control policies" and "SCP evaluation", AWS Organizations user guide; "Troubleshoot access denied error
messages", IAM user guide; "Enhanced access denied error messages with policy ARNs", AWS Security Blog."""

import base64
import json
import os
from contextvars import ContextVar

import principals
from ministack.core import iam_evaluator as evaluator
from ministack.core.responses import get_account_id

# Services whose calls have us-east-1 as aws:RequestedRegion, whatever Region the call is made in.
GLOBAL = {"iam", "organizations", "account"}

# Account id -> levels -> (ARN, statements) of each policy; and which accounts each organization has some for.
levels: dict[str, list] = {}
registered: dict[str, set] = {}
# The refusal of the call under way: its principal, action and resource, and AWS's words for the policy.
refused: ContextVar[tuple | None] = ContextVar("refused_by_control_policy", default=None)


def set_levels(organization, policies):
    for account in registered.get(organization, ()):
        levels.pop(account, None)
    registered[organization] = set(policies)
    for account, lists in policies.items():
        levels[account] = [[(each["arn"], evaluator.parse_policy_document(each["content"])) for each in one]
                           for one in lists]


def refusal(account, role, context):
    """AWS's words for the policy that refuses the call; None where none does."""
    if account not in levels or (role or {}).get("Path", "/").startswith("/aws-service-role/"):
        return None
    for one in levels[account]:
        for arn, statements in one:
            if evaluator._first_match(context, statements, "Deny"):
                return f"with an explicit deny in a service control policy: {arn}"
    for one in levels[account]:
        if not any(evaluator._first_match(context, statements, "Allow") for _, statements in one):
            return f"because no service control policy allows the {context.action} action"
    return None


def after(enforce, *call):
    """The denial of a call: a control policy's explicit Deny goes before what no policy of the caller allows."""
    denied = enforce(*call)
    if isinstance(denied, evaluator.AuthError) or (denied and denied.decision == "Deny"):
        return denied
    return check(*call) or denied


def check(access_key_id, action, service, region, resource, service_context):
    """The denial of a call by a control policy."""
    if not levels or action in evaluator._ALWAYS_ALLOWED_ACTIONS or not access_key_id:
        return None
    principal = evaluator.resolve_principal(access_key_id, get_account_id())
    if isinstance(principal, evaluator.AuthError) or principal.policies is None:
        return None
    context = evaluator.EvalContext(
        principal_arn=principal.arn, principal_type=principal.type, principal_account=principal.account, action=action,
        resource_arn=resource, region="us-east-1" if service in GLOBAL else region,
        service_context={key.lower(): value for key, value in (service_context or {}).items()},
        principal_keys=principal.keys)
    words = refusal(principal.account, principals.role_of_session(principal.arn), context)
    if words is None:
        return None
    refused.set((principal.arn, action, resource, words))
    return evaluator.EvalResult("Deny", principal_arn=principal.arn)


def answer(service, deny):
    """The service's refusal in AWS's words; `deny` makes it of a message. EC2 adds an encoded message."""
    principal, action, resource, words = refused.get()
    on_resource = f" on resource: {resource}" if resource not in ("", "*") else ""
    message = f"User: {principal} is not authorized to perform: {action}{on_resource} {words}"
    if service == "ec2":
        encoded = base64.urlsafe_b64encode(os.urandom(48)).decode()
        message = f"You are not authorized to perform this operation. {message}. Encoded authorization failure message: {encoded}"
    if service in ("logs", "ssm"):
        return (400, {"Content-Type": "application/x-amz-json-1.1"},
                json.dumps({"__type": "AccessDeniedException", "Message": message}).encode())
    return deny(message)
