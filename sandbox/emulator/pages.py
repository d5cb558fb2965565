"""Pages of EC2's listings, which ministack answers whole: MaxResults within the bounds of the operation, and an opaque
token that continues the same request only. Without MaxResults everything is answered, as EC2 does."""

import base64
import hashlib
import hmac
import json
import os
import xml.etree.ElementTree as tree

from security_groups import Refused, answering
from ministack.core.responses import get_account_id, get_region
from ministack.services import ec2

NAMESPACE = "http://ec2.amazonaws.com/doc/2016-11-15/"
# The element that holds the items of an operation's answer, and its largest page; the smallest is 5.
LISTINGS = {
    "DescribeSecurityGroups": ("securityGroupInfo", 1000),
    "DescribeSecurityGroupRules": ("securityGroupRuleSet", 1000),
    "DescribeNetworkInterfaces": ("networkInterfaceSet", 1000),
    "DescribeSubnets": ("subnetSet", 1000),
    "DescribeRouteTables": ("routeTableSet", 100),
    "DescribeVpcBlockPublicAccessExclusions": ("vpcBlockPublicAccessExclusionSet", 1000),
}
KEY = os.urandom(16)
tree.register_namespace("", NAMESPACE)


def signed(text):
    return hmac.new(KEY, text.encode(), hashlib.sha256).hexdigest()


def question(params):
    """What a token is good for: the same call without its token, by the same account in the same Region."""
    asked = sorted((key, ec2._p(params, key)) for key in params if key not in ("NextToken", "MaxResults"))
    return signed(json.dumps([get_account_id(), get_region(), asked]))


def token_of(start, asked):
    return base64.urlsafe_b64encode(json.dumps([start, signed(f"{start} {asked}")]).encode()).decode()


def start_of(token, asked):
    try:
        start, signature = json.loads(base64.urlsafe_b64decode(token))
        valid = hmac.compare_digest(signature, signed(f"{start} {asked}"))
    except (ValueError, TypeError):
        valid = False
    if not valid:
        raise Refused("InvalidPaginationToken", "The specified pagination token is not valid or has expired")
    return start


def size_of(params, most):
    text = ec2._p(params, "MaxResults")
    if not text:
        return None
    if not text.isdigit() or not 5 <= int(text) <= most:
        raise Refused("InvalidParameterValue",
                      f"Value ( {text} ) for parameter maxResults is invalid. Expecting a value between 5 and {most}.")
    return int(text)


def paged(listing, element, most):
    def answer(params):
        size = size_of(params, most)
        asked = question(params)
        start = start_of(ec2._p(params, "NextToken"), asked) if ec2._p(params, "NextToken") else 0
        status, headers, body = listing(params)
        if status != 200 or (size is None and start == 0):
            return status, headers, body
        root = tree.fromstring(body)
        holder = root.find(f"{{{NAMESPACE}}}{element}")
        items = list(holder)
        end = len(items) if size is None else start + size
        if start == 0 and end >= len(items):
            return status, headers, body  # to write a tree takes longer than all the rest
        for item in items[:start] + items[end:]:
            holder.remove(item)
        if end < len(items):
            tree.SubElement(root, f"{{{NAMESPACE}}}nextToken").text = token_of(end, asked)
        return status, headers, tree.tostring(root, encoding="utf-8", xml_declaration=True)
    return answering(answer)


def fill():
    """Last of all: it wraps what the other files have put in place."""
    for action, (element, most) in LISTINGS.items():
        ec2._ACTION_MAP[action] = paged(ec2._ACTION_MAP[action], element, most)
