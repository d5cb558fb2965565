"""What ministack's services lack, added by wrapping their functions: whole bus policies and conditions in
PutPermission, no dispatch of accepted events, and TLS; the rest in the files beside this one."""

import json

import authorization
import event_sources
import network_interfaces
import pages
import policy_sizes
import prefix_lists
import principals
import public_access
import scopes
import security_groups
import shared_subnets
from ministack.core import iam_evaluator
from ministack.core.iam_evaluator import validate_policy_document
from ministack.core.responses import error_response_json, json_response
from ministack.services import eventbridge

put_one_permission = eventbridge._put_permission


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


def condition_key(key, ctx):
    # the gateway stands for AWS's own endpoints, where clients use TLS
    return "true" if key.lower() == "aws:securetransport" else principals.condition_key(key, ctx)


def fill():
    authorization.fill()
    event_sources.fill()
    policy_sizes.fill()
    principals.fill()
    scopes.fill()
    security_groups.fill()
    prefix_lists.fill()
    public_access.fill()
    shared_subnets.fill()
    network_interfaces.fill()
    pages.fill()
    iam_evaluator._resolve_condition_key = condition_key
    eventbridge._put_permission = put_permission
    eventbridge._dispatch_event = lambda event, view=None: None  # the gateway delivers, permission by permission
