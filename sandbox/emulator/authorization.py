"""What ministack's check of a call lacks: the actions and resource ARNs of some calls, what else AWS checks beside
the call itself, and the rule that a trust policy which names a service lets no account's root in."""

import itertools
import json
import re
from contextvars import ContextVar

import control_policies
from ministack.core import iam_actions, iam_evaluator, router
from ministack.services import ec2, iam, lambda_svc

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

# Calls about one event source mapping, by method.
MAPPING = {"GET": "GetEventSourceMapping", "PUT": "UpdateEventSourceMapping", "DELETE": "DeleteEventSourceMapping"}

# What must be allowed beside the call under way: service, action, resource and context of each check; set before the
# call is checked. And the one of them that was refused.
beside: ContextVar[tuple] = ContextVar("beside", default=())
refused: ContextVar[tuple | None] = ContextVar("refused", default=None)
# Condition keys of the call under way that ministack does not know, with their values.
known: ContextVar[dict] = ContextVar("known", default={})


def organization_of(account):
    """The id of an account's organization; replaced once organizations are known."""


def request_of(body):
    try:
        request = json.loads(body or b"{}")
    except ValueError:  # a query, or a blob: these have no members
        return {}
    return request if isinstance(request, dict) else {}


def extract_iam_action(service, method, path, headers, body, query_params):
    if service == "lambda":
        action = LAMBDA.get((method, path.rstrip("/").rsplit("/", 1)[-1]))
        if "/event-source-mappings/" in path.rstrip("/"):
            action = MAPPING.get(method)
        if path.rstrip("/").endswith("/account-settings"):
            action = "GetAccountSettings"
        if action:
            return f"lambda:{action}"
    return action_of(service, method, path, headers, body, query_params)


def passed_roles(service, request):
    """A role that the call hands to a service."""
    if service == "lambda" and request.get("Role"):
        return [("iam", "iam:PassRole", request["Role"], {"iam:PassedToService": "lambda.amazonaws.com"})]
    roles = {target["RoleArn"] for target in request.get("Targets", []) if target.get("RoleArn")}
    return [("iam", "iam:PassRole", role, {"iam:PassedToService": "events.amazonaws.com"}) for role in sorted(roles)]


def listed(params, name, member=""):
    values = (params.get(f"{name}.{number}{member}") for number in itertools.count(1))
    return [value[0] if isinstance(value, list) else value for value in itertools.takewhile(bool, values)]


def ec2_checks(params, region, account_id):
    """The resource of an EC2 call where ministack has another, and what is checked beside it: the rules that the call
    names, the further resources that it tags, and the tagging of what it creates."""
    action = next(iter(params.get("Action", [""])))
    arn = f"arn:aws:ec2:{region}:{account_id}".__add__
    resource, checks = None, []
    if action in ("CreateTags", "DeleteTags"):
        tagged = [arn(f":{ec2._guess_resource_type(each)}/{each}") for each in listed(params, "ResourceId")]
        resource, checks = next(iter(tagged), None), [("ec2", f"ec2:{action}", each, {}) for each in tagged[1:]]
    elif "PrefixListId" in params and not action.startswith("Describe"):
        resource = arn(f":prefix-list/{params['PrefixListId'][0]}")
    elif action in ("RevokeSecurityGroupIngress", "RevokeSecurityGroupEgress", "ModifySecurityGroupRules"):
        rules = (listed(params, "SecurityGroupRuleId")
                 + listed(params, "SecurityGroupRule", ".SecurityGroupRuleId"))
        checks = [("ec2", f"ec2:{action}", arn(f":security-group-rule/{rule}"), {}) for rule in rules]
    elif action == "CreateSecurityGroup" and "VpcId" in params:
        resource, checks = arn(":security-group/*"), [("ec2", f"ec2:{action}", arn(f":vpc/{params['VpcId'][0]}"), {})]
    checks += [("ec2", "ec2:CreateTags", arn(f":{kind}/*"), {"ec2:CreateAction": action})
               for kind in listed(params, "TagSpecification", ".ResourceType")]
    return resource, checks


# Of calls that set a role's permissions boundary the key is the one given, of others about a role the one it has.
# Source: the column of condition keys in "Actions, resources, and condition keys for IAM", Service Authorization
# Reference.
BOUNDED = ("AttachRolePolicy", "CreateRole", "DeleteRolePermissionsBoundary", "DeleteRolePolicy", "DetachRolePolicy",
           "PutRolePermissionsBoundary", "PutRolePolicy")


def boundary_of(params):
    action = params.get("Action", [""])[0]
    if action in ("CreateRole", "PutRolePermissionsBoundary"):
        return params.get("PermissionsBoundary", [""])[0]
    role = iam._roles.get(params.get("RoleName", [""])[0]) or {}
    return role.get("PermissionsBoundary") if action in BOUNDED else None


def condition_keys(service, params, request):
    """Tags that an EC2 call gives and those of the group it names, sources of events, keys of a table's items, the
    organization of a role that is assumed, and the permissions boundary of a role."""
    if service == "iam":
        boundary = boundary_of(params)
        return {"iam:PermissionsBoundary": boundary} if boundary else {}
    if service == "events":
        sources = sorted({str(entry.get("Source", "")) for entry in request.get("Entries") or []})
        return {"events:source": sources[0] if len(sources) == 1 else sources} if sources else {}
    if service == "dynamodb":
        key = (request.get("Item") or request.get("Key") or {}).get("key", {}).get("S")
        return {"dynamodb:LeadingKeys": [key]} if key else {}
    if service == "sts":
        role = params.get("RoleArn", [""])[0].split(":")
        organization = organization_of(role[4]) if len(role) > 4 else None
        return {"aws:ResourceOrgID": organization} if organization else {}
    if service != "ec2":
        return {}
    keys = [name for name in params if re.fullmatch(r"TagSpecification\.\d+\.Tag\.\d+\.Key", name)]
    given = {f"aws:RequestTag/{params[name][0]}": params.get(f"{name[:-3]}Value", [""])[0] for name in keys}
    group = params.get("GroupId", [""])[0]
    present = ec2._tags.get(group) or [] if group.startswith("sg-") else []
    return given | {f"aws:ResourceTag/{tag['Key']}": tag["Value"] for tag in present}


def extract_resource_arn(service, method, path, headers, body, query_params, region, account_id):
    """Buses, a function to be made and alarms to be deleted are named in the body; targets and tags name their rule
    in other members; a rule on the default bus has no bus in its ARN; findings name their product, reads of an
    account's tags the account, and tags of a table or trail the table or trail."""
    arn = resource_arn(service, method, path, headers, body, query_params, region, account_id)
    read = service in ("cloudtrail", "dynamodb", "events", "lambda", "monitoring", "organizations", "securityhub")
    request = request_of(body) if read else {}
    refused.set(None)
    known.set(condition_keys(service, query_params, request))
    beside.set(tuple(passed_roles(service, request)))
    if service == "ec2":
        own, checks = ec2_checks(query_params, region, account_id)
        beside.set(tuple(checks))
        return own or arn
    if service == "dynamodb":
        return request.get("ResourceArn", arn)
    if service == "cloudtrail":
        return request.get("ResourceId") or next(iter(request.get("ResourceIdList") or []), arn)
    if service == "organizations" and re.fullmatch(r"\d{12}", str(request.get("ResourceId"))):
        return f"arn:aws:organizations::{account_id}:account/{organization_of(account_id)}/{request['ResourceId']}"
    if service == "securityhub":
        products = sorted({str(finding.get("ProductArn") or "*") for finding in request.get("Findings") or []
                           if isinstance(finding, dict)})
        beside.set(tuple((service, "securityhub:BatchImportFindings", each, {}) for each in products[1:]))
        return products[0] if products else f"arn:aws:securityhub:{region}:{account_id}:hub/default"
    if service == "lambda" and "/event-source-mappings" in path:
        mapping = lambda_svc._esms.get(path.rstrip("/").rsplit("/", 1)[-1]) or {}
        function = mapping.get("FunctionArn") or request.get("FunctionName")
        if function:
            name = function.rsplit(":", 1)[-1]
            known.set({"lambda:FunctionArn": f"arn:aws:lambda:{region}:{account_id}:function:{name}"})
        return arn
    if service == "lambda" and method == "POST" and path.rstrip("/").endswith("/functions"):
        return f"arn:aws:lambda:{region}:{account_id}:function:{request.get('FunctionName', '')}"
    if service == "monitoring":
        names = request.get("AlarmNames") if headers.get("x-amz-target", "").endswith(".DeleteAlarms") else None
        return f"arn:aws:cloudwatch:{region}:{account_id}:alarm:{names[0]}" if names else request.get("ResourceARN", arn)
    if service != "events":
        return arn
    if headers.get("x-amz-target", "").endswith(("PutPermission", "RemovePermission")):
        return "*"  # these name no resource: a statement about one bus permits neither
    if headers.get("x-amz-target", "").endswith("EventBus") and "Name" in request:
        return f"arn:aws:events:{region}:{account_id}:event-bus/{request['Name']}"
    if "Rule" in request:
        arn = f"arn:aws:events:{region}:{account_id}:rule/{request.get('EventBusName') or 'default'}/{request['Rule']}"
    return request.get("ResourceARN", arn).replace(":rule/default/", ":rule/")


def enforce_all(access_key_id, iam_action, service, region, resource_arn="*", service_context=None):
    service_context = {**(service_context or {}), **known.get()}
    control_policies.refused.set(None)
    denied = control_policies.after(enforce, access_key_id, iam_action, service, region, resource_arn, service_context)
    for other, action, resource, context in () if denied else beside.get():
        denied = control_policies.after(enforce, access_key_id, action, other, region, resource,
                                        {**service_context, **context})
        if denied:
            refused.set((action, resource))
            return denied
    return denied


def access_denied_response(service, action, *arguments, **named):
    """Names the action and the resource that were refused, where they are not the call's own."""
    if refused.get():
        action, resource = refused.get()
        named = {**named, "resource_arn": resource}
    if control_policies.refused.get():
        return control_policies.answer(service, lambda message: denial(
            service, action, *arguments, **{**named, "message": message}))
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
    iam_evaluator.enforce = enforce_all
    iam_evaluator._trust_principal_matches = trust_principal_matches
    # Security Hub is the gateway's own; here its calls are checked and then find no service.
    iam_actions._BOTOCORE_SERVICE_MAP["securityhub"] = ["securityhub"]
    iam_actions.SERVICE_TO_IAM_NAMESPACE["securityhub"] = "securityhub"
    router.SERVICE_PATTERNS["securityhub"] = {}
