"""What ministack's services lack, added by wrapping their functions: whole bus policies and conditions in
PutPermission, EC2's DryRun, the flat form of security group rules, prefix lists in them, one rule for each source;
and no dispatch of accepted events. Checks of calls are filled in emulator_authorization.py."""

import itertools
import json
from urllib.parse import parse_qs, urlencode

import emulator_authorization
from ministack.core.iam_evaluator import validate_policy_document
from ministack.core.responses import error_response_json, json_response
from ministack.services import ec2, eventbridge

put_one_permission = eventbridge._put_permission
handle_ec2 = ec2.handle_request
list_rule = ec2._sg_rule_xml
parse_permissions = ec2._parse_ip_permissions


def put_permission(data):
    bus = data.get("EventBusName") or "default"
    if bus not in eventbridge._event_buses:
        return error_response_json("ResourceNotFoundException", f"Event bus {bus} does not exist.", 400)
    if data.get("Policy"):
        fault = validate_policy_document(data["Policy"])
        if fault:
            return error_response_json("ValidationException", fault, 400)
        eventbridge._event_bus_policies[bus] = json.loads(data["Policy"])
        return json_response({})
    condition = data.get("Condition")
    if condition:
        data = {**data, "Condition": {condition["Type"]: {condition["Key"]: condition["Value"]}}}
    if (data.get("Principal") or "*") != "*":
        data = {**data, "Principal": {"AWS": f"arn:aws:iam::{data['Principal']}:root"}}
    return put_one_permission(data)


FLAT = {"IpProtocol": "IpProtocol", "FromPort": "FromPort", "ToPort": "ToPort", "CidrIp": "IpRanges.1.CidrIp"}


async def handle(method, path, headers, body, query_params):
    """Runs after the caller's permission was checked, as AWS's DryRun does."""
    form = {key: values[0] for key, values in parse_qs(body.decode() if body else "").items()}
    if form.get("DryRun") == "true":
        return ec2._error("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412)
    if "CidrIp" in form and form.get("Action", "").endswith(("SecurityGroupIngress", "SecurityGroupEgress")):
        rule = {f"IpPermissions.1.{FLAT[key]}": value for key, value in form.items() if key in FLAT}
        body = urlencode({**{key: value for key, value in form.items() if key not in FLAT}, **rule}).encode()
    return await handle_ec2(method, path, headers, body, query_params)


SOURCES = ("IpRanges", "Ipv6Ranges", "PrefixListIds", "UserIdGroupPairs")


def permissions(params, prefix):
    """A permission becomes a rule for each of its sources, as in EC2, prefix lists among them."""
    rules = []
    for number, permission in enumerate(parse_permissions(params, prefix), 1):
        key = f"{prefix}.{number}.PrefixListIds"
        ids = itertools.takewhile(bool, (ec2._p(params, f"{key}.{each}.PrefixListId") for each in itertools.count(1)))
        permission["PrefixListIds"] = [{"PrefixListId": each} for each in ids]
        bare = {**permission, **{kind: [] for kind in SOURCES}}
        rules += [{**bare, kind: [source]} for kind in SOURCES for source in permission[kind]] or [permission]
    return rules


def rule_xml(group_id, rule, is_egress=False):
    """A rule has one source, and the listing leaves out a prefix list."""
    ids = [entry["PrefixListId"] for entry in rule.get("PrefixListIds", [])]
    names = "".join(f"<prefixListId>{each}</prefixListId>" for each in ids)
    return list_rule(group_id, rule, is_egress).replace("</toPort>", f"</toPort>{names}", 1)


def fill():
    emulator_authorization.fill()
    eventbridge._put_permission = put_permission
    eventbridge._dispatch_event = lambda event, view=None: None  # the gateway delivers, permission by permission
    ec2.handle_request = handle
    ec2._sg_rule_xml = rule_xml
    ec2._parse_ip_permissions = permissions
