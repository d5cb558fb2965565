"""What ministack's security groups lack: one rule for each source with an id of its own, canonical addresses and
protocols, prefix lists and other accounts' groups in rules, groups by name, edits of whole rules, and EC2's refusal
of a rule that is there already."""

import ipaddress
import itertools
import random
from urllib.parse import parse_qs, urlencode

from ministack.core.responses import get_account_id
from ministack.services import ec2

handle_ec2 = ec2.handle_request
list_rule = ec2._sg_rule_xml
parse_permissions = ec2._parse_ip_permissions
create_group = ec2._create_security_group
SOURCES = {"IpRanges": "CidrIp", "Ipv6Ranges": "CidrIpv6", "PrefixListIds": "PrefixListId",
           "UserIdGroupPairs": "GroupId"}
PROTOCOLS = {"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6", "all": "-1"}
WITH_PORTS = {"tcp", "udp", "icmp", "icmpv6"}
BY_GROUP = {f"{verb}SecurityGroup{way}" for verb in ("Authorize", "Revoke") for way in ("Ingress", "Egress")}
FLAT = {"IpProtocol": "IpProtocol", "FromPort": "FromPort", "ToPort": "ToPort", "CidrIp": "IpRanges.1.CidrIp"}


class Refused(Exception):
    """An error of EC2: code and message."""

    def answer(self):
        return ec2._error(self.args[0], ec2._esc(self.args[1]), 400)


def answering(handler):
    def answer(params):
        try:
            return handler(params)
        except Refused as refused:
            return refused.answer()
    return answer


async def handle(method, path, headers, body, query_params):
    """Runs after the caller's permission was checked, as AWS's DryRun does."""
    form = {key: values[0] for key, values in parse_qs(body.decode() if body else "").items()}
    if form.get("DryRun") == "true":
        return ec2._error("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412)
    if form.get("Action") in BY_GROUP:
        if "CidrIp" in form:
            rule = {f"IpPermissions.1.{FLAT[key]}": value for key, value in form.items() if key in FLAT}
            form = {**{key: value for key, value in form.items() if key not in FLAT}, **rule}
        if "GroupName" in form and "GroupId" not in form:
            form["GroupId"] = next((group["GroupId"] for group in ec2._security_groups.values()
                                    if group["GroupName"] == form["GroupName"]
                                    and group["VpcId"] == ec2._DEFAULT_VPC_ID), form["GroupName"])
        body = urlencode(form).encode()
    return await handle_ec2(method, path, headers, body, query_params)


def network(cidr):
    try:
        return str(ipaddress.ip_network(cidr, strict=False))
    except ValueError:
        raise Refused("InvalidParameterValue", f"CIDR block {cidr} is malformed") from None


def canonical(rule):
    """The rule as EC2 keeps it: protocols it has names for by name, host bits off, ports where they mean something."""
    protocol = rule["IpProtocol"].lower()
    rule["IpProtocol"] = PROTOCOLS.get(protocol, protocol)
    if rule["IpProtocol"] not in WITH_PORTS:
        rule = {key: value for key, value in rule.items() if key not in ("FromPort", "ToPort")}
    for kind in ("IpRanges", "Ipv6Ranges"):
        rule[kind] = [{**entry, SOURCES[kind]: network(entry[SOURCES[kind]])} for entry in rule[kind]]
    return rule


def permissions(params, prefix):
    """A permission becomes a rule for each of its sources, prefix lists among them."""
    rules = []
    for number, permission in enumerate(parse_permissions(params, prefix), 1):
        key = f"{prefix}.{number}.PrefixListIds"
        ids = itertools.takewhile(bool, (ec2._p(params, f"{key}.{each}.PrefixListId") for each in itertools.count(1)))
        permission["PrefixListIds"] = [
            {"PrefixListId": each, **({"Description": said} if said else {})}
            for place, each in enumerate(ids, 1) for said in [ec2._p(params, f"{key}.{place}.Description")]]
        bare = {**permission, **{kind: [] for kind in SOURCES}}
        rules += [{**bare, kind: [source]} for kind in SOURCES for source in permission[kind]] or [permission]
    return [canonical(rule) for rule in rules]


def peer(rule):
    return next((entry.get(SOURCES[kind], "") for kind in SOURCES for entry in rule.get(kind, [])), "")


def identity(rule):
    return rule["IpProtocol"], rule.get("FromPort"), rule.get("ToPort"), peer(rule)


def spoken(rule):
    """The rule in the words of EC2's errors."""
    protocol, first, last, source = identity(rule)
    if protocol not in WITH_PORTS:
        return f"peer: {source}, {'ALL' if protocol == '-1' else protocol}, ALLOW"
    ports = (f"type: {first}, code: {last}" if protocol.startswith("icmp") else f"from port: {first}, to port: {last}")
    return f"peer: {source}, {protocol.upper()}, {ports}, ALLOW"


def refuse_duplicates(rules, present):
    if len(set(map(identity, rules))) < len(rules):
        raise Refused("InvalidParameterValue", "The same permission must not appear multiple times")
    known = {identity(rule) for rule in present}
    for rule in rules:
        if identity(rule) in known:
            raise Refused("InvalidPermission.Duplicate", f'the specified rule "{spoken(rule)}" already exists')


def group_of(params):
    group = ec2._security_groups.get(ec2._p(params, "GroupId"))
    if group is None:
        raise Refused("InvalidGroup.NotFound",
                      f"The security group '{ec2._p(params, 'GroupId')}' does not exist")
    return group


def authorize(kind, outbound):
    """Adds all the rules, each with a new id, or none where one of them is there already."""
    def run(params):
        group = group_of(params)
        rules = ec2._parse_ip_permissions(params, "IpPermissions")
        if not rules:
            raise Refused("MissingParameter", "Either 'ipPermissions' or 'securityGroupRuleIds' should be provided.")
        refuse_duplicates(rules, group[kind])
        tags = ec2._sg_rule_tag_specifications(params)
        for rule in rules:
            rule["SecurityGroupRuleId"] = "sgr-" + "".join(random.choices("0123456789abcdef", k=17))
            if tags:
                ec2._tags[rule["SecurityGroupRuleId"]] = [dict(tag) for tag in tags]
        group[kind] = group[kind] + rules
        shown = "".join(ec2._sg_rule_xml(group["GroupId"], rule, is_egress=outbound) for rule in rules)
        action = f"AuthorizeSecurityGroup{'Egress' if outbound else 'Ingress'}Response"
        return ec2._xml(200, action, f"<return>true</return><securityGroupRuleSet>{shown}</securityGroupRuleSet>")
    return run


EDITED = {"CidrIpv4": "IpRanges", "CidrIpv6": "Ipv6Ranges", "PrefixListId": "PrefixListIds",
          "ReferencedGroupId": "UserIdGroupPairs"}


def edited(params, base, rule_id):
    """The rule that an edit asks for, complete: what it does not name is removed."""
    rule = {"IpProtocol": ec2._p(params, f"{base}.IpProtocol"), "SecurityGroupRuleId": rule_id,
            **{kind: [] for kind in SOURCES}}
    given = [name for name in EDITED if ec2._p(params, f"{base}.{name}")]
    if not rule["IpProtocol"] or len(given) != 1:
        raise Refused("InvalidParameterValue", "A security group rule needs a protocol and exactly one source.")
    kind = EDITED[given[0]]
    entry = {SOURCES[kind]: ec2._p(params, f"{base}.{given[0]}")}
    if ec2._p(params, f"{base}.Description"):
        entry["Description"] = ec2._p(params, f"{base}.Description")
    rule[kind] = [entry]
    for port in ("FromPort", "ToPort"):
        if ec2._p(params, f"{base}.{port}"):
            rule[port] = int(ec2._p(params, f"{base}.{port}"))
    return canonical(rule)


def modify(params):
    """Replaces all the named rules, which keep their ids, or none where one is unknown or would be a duplicate."""
    group = group_of(params)
    directions = {kind: list(group[kind]) for kind in ("IpPermissions", "IpPermissionsEgress")}
    for number in itertools.count(1):
        rule_id = ec2._p(params, f"SecurityGroupRule.{number}.SecurityGroupRuleId")
        if not rule_id:
            break
        place = next(((kind, index) for kind, rules in directions.items() for index, rule in enumerate(rules)
                      if ec2._sg_rule_id(group["GroupId"], kind != "IpPermissions", rule) == rule_id), None)
        if place is None:
            raise Refused("InvalidSecurityGroupRuleId.NotFound",
                          f"The security group rule ID '{rule_id}' does not exist")
        kind, index = place
        rule = edited(params, f"SecurityGroupRule.{number}.SecurityGroupRule", rule_id)
        refuse_duplicates([rule], directions[kind][:index] + directions[kind][index + 1:])
        directions[kind][index] = rule
    if number == 1:
        raise Refused("MissingParameter", "The request must contain the parameter SecurityGroupRule")
    group.update(directions)
    return ec2._xml(200, "ModifySecurityGroupRulesResponse", "<return>true</return>")


def rule_xml(group_id, rule, is_egress=False):
    """A rule has one source; the listing leaves out a prefix list, and takes every group for the account's own."""
    shown = list_rule(group_id, rule, is_egress)
    names = "".join(f"<prefixListId>{entry['PrefixListId']}</prefixListId>" for entry in rule.get("PrefixListIds", []))
    shown = shown.replace("</toPort>", f"</toPort>{names}", 1)
    for pair in rule.get("UserIdGroupPairs", []):
        shown = shown.replace(f"<userId>{get_account_id()}<", f"<userId>{pair.get('UserId') or get_account_id()}<", 1)
    return shown


def create_with_tags(params):
    """Names the tags of the new group, as EC2 does."""
    status, headers, body = create_group(params)
    group_id = body.decode().partition("<groupId>")[2].partition("</groupId>")[0]
    if group_id and ec2._tags.get(group_id):
        body = body.replace(b"</groupId>", f"</groupId>{ec2._tag_set_xml(group_id)}".encode(), 1)
    return status, headers, body


def fill():
    ec2.handle_request = handle
    ec2._sg_rule_xml = rule_xml
    ec2._parse_ip_permissions = permissions
    ec2._ACTION_MAP.update({
        "CreateSecurityGroup": create_with_tags,
        "AuthorizeSecurityGroupIngress": answering(authorize("IpPermissions", False)),
        "AuthorizeSecurityGroupEgress": answering(authorize("IpPermissionsEgress", True)),
        "RevokeSecurityGroupIngress": answering(ec2._revoke_sg_ingress),
        "RevokeSecurityGroupEgress": answering(ec2._revoke_sg_egress),
        "ModifySecurityGroupRules": answering(modify),
    })
