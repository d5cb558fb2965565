"""Reads {name: IAM policy document} as JSON on standard input; writes what parliament and policy_sentry find in each,
one JSON object a line: policy, linter, finding, and what it is about."""

import json
import sys

from parliament import analyze_policy_string
from policy_sentry.querying.actions import get_action_data


def listed(value):
    return value if isinstance(value, list) else [value]


def by_parliament(document):
    for finding in analyze_policy_string(json.dumps(document)).findings:
        for one in listed(finding.detail):
            yield "parliament", finding.issue, str(one.get("action", one)) if isinstance(one, dict) else str(one)


def formats_of(action):
    service, name = action.split(":")
    data = get_action_data(service, name)
    return {row["resource_arn_format"] for row in data[service]} if data else None


def by_policy_sentry(document):
    for statement in document["Statement"]:
        for action in listed(statement["Action"]):
            formats = formats_of(action)
            limited = "*" not in listed(statement["Resource"])
            if formats is None:
                yield "policy_sentry", "UNKNOWN_ACTION", action
            elif limited and formats == {"*"}:
                yield "policy_sentry", "NEEDS_EVERY_RESOURCE", action
            elif not limited and formats != {"*"}:
                yield "policy_sentry", "COULD_NAME_A_RESOURCE", action


for policy, document in json.load(sys.stdin).items():
    for linter, finding, about in sorted({*by_parliament(document), *by_policy_sentry(document)}):
        print(json.dumps({"policy": policy, "linter": linter, "finding": finding, "about": about}))
