"""Fills accounts with security groups, network interfaces and routes at once, in the emulator's memory: what years of
work leave behind. The same seed makes the same content in the same account and Region."""

import random

import public_access
from ministack.core.responses import request_scope
from ministack.services import ec2
from security_groups import SOURCES, identity

WORLD4, WORLD6 = "0.0.0.0/0", "::/0"
FAMILY = {"4": "IpRanges", "6": "Ipv6Ranges", "g": "UserIdGroupPairs", "p": "PrefixListIds"}
SOURCE = {
    "anyone": lambda dice, cell: [("4", WORLD4)],
    "anyone-v6": lambda dice, cell: [("6", WORLD6)],
    "everyone": lambda dice, cell: [("4", WORLD4), ("6", WORLD6)],
    "halves": lambda dice, cell: [("4", "0.0.0.0/1"), ("4", "128.0.0.0/1")],
    "unicast-v6": lambda dice, cell: [("6", "2000::/3")],
    # wider than /16 and narrower than /8: a provider's range, no one's office
    "provider": lambda dice, cell: [("4", f"{dice.choice((3, 13, 18, 34, 52, 54))}.{128 * dice.randrange(2)}.0.0/9")],
    "office": lambda dice, cell: [("4", f"{dice.randrange(60, 99)}.{dice.randrange(256)}.{dice.randrange(256)}.0/24")
                                  for _ in range(dice.randrange(1, 4))],
    "host": lambda dice, cell: [("4", f"81.{dice.randrange(256)}.{dice.randrange(256)}.{dice.randrange(256)}/32")],
    "private": lambda dice, cell: [("4", f"10.{dice.randrange(256)}.0.0/16")],
    "vpc": lambda dice, cell: [("4", "10.0.0.0/8"), ("6", "fd00::/8")],
    "group": lambda dice, cell: [("g", dice.choice(cell["groups"]))],
    "corporate-list": lambda dice, cell: [("p", cell["corporate"])],
    "open-list": lambda dice, cell: [("p", cell["open"])],
}
# How often, of a thousand, and what: protocol, first and last port (ICMP: type and code), source.
KINDS = [
    (150, [("tcp", 443, 443, "everyone")]),
    (70, [("tcp", 80, 80, "everyone"), ("tcp", 443, 443, "everyone"), ("icmp", 8, -1, "anyone")]),
    (130, [("tcp", 8080, 8080, "group")]),
    (110, [("tcp", 0, 65535, "private")]),
    (90, [("-1", None, None, "group")]),
    (80, [("tcp", 5432, 5432, "group"), ("tcp", 5432, 5432, "vpc")]),
    (70, [("tcp", 22, 22, "office"), ("tcp", 443, 443, "anyone")]),
    (60, [("tcp", 22, 22, "corporate-list"), ("tcp", 3389, 3389, "corporate-list")]),
    (40, [("-1", None, None, "vpc")]),
    (60, []),
    (20, [("tcp", 22, 22, "anyone")]),
    (8, [("tcp", 22, 22, "anyone-v6")]),
    (10, [("tcp", 3389, 3389, "everyone")]),
    (8, [("tcp", 20, 25, "anyone"), ("tcp", 443, 443, "anyone")]),
    (10, [("tcp", 5432, 5432, "anyone"), ("tcp", 443, 443, "everyone")]),
    (8, [("tcp", 6379, 6379, "anyone"), ("udp", 11211, 11211, "anyone")]),
    (6, [("tcp", 27017, 27019, "everyone")]),
    (8, [("-1", None, None, "anyone")]),
    (4, [("-1", None, None, "anyone-v6")]),
    (6, [("tcp", 0, 65535, "everyone")]),
    (6, [("tcp", 443, 445, "anyone")]),
    (12, [("tcp", 8000, 8999, "anyone")]),
    (6, [("udp", 500, 500, "anyone"), ("udp", 4500, 4500, "anyone"), ("50", None, None, "anyone")]),
    (4, [("tcp", 22, 22, "halves")]),
    (4, [("tcp", 3389, 3389, "provider"), ("tcp", 8443, 8443, "provider")]),
    (4, [("tcp", 22, 22, "unicast-v6")]),
    (4, [("tcp", 22, 22, "open-list")]),
    (6, [("icmp", -1, -1, "anyone")]),
    (4, [("icmp", 5, -1, "anyone"), ("icmpv6", -1, -1, "anyone-v6")]),
    (32, [("tcp", 9100, 9100, "host"), ("udp", 514, 514, "private")]),
]
WEIGHTS = [weight for weight, _ in KINDS]
WORDS = ("web", "api", "batch", "cache", "db", "build", "proxy", "queue", "search", "admin", "mail", "report")


def identifier(dice, kind):
    return f"{kind}-{dice.getrandbits(68):017x}"


def rules(dice, cell, wanted):
    """One rule for each source, as the rules that calls make, without the second of two that are the same."""
    made = {}
    for protocol, first, last, source in wanted:
        for family, value in SOURCE[source](dice, cell):
            kind = FAMILY[family]
            entry = {SOURCES[kind]: value}
            if dice.random() < 0.3:
                entry["Description"] = f"{source} for {dice.choice(WORDS)}"
            rule = {"IpProtocol": protocol, **({} if first is None else {"FromPort": first, "ToPort": last}),
                    **{each: [] for each in SOURCES}, kind: [entry],
                    "SecurityGroupRuleId": identifier(dice, "sgr")}
            made.setdefault(identity(rule), rule)
    return list(made.values())


def prefix_list(dice, account, region, name, cidrs):
    found = identifier(dice, "pl")
    entries = [{"Cidr": cidr, "Description": ""} for cidr in cidrs]
    ec2._prefix_lists[found] = {
        "PrefixListId": found, "PrefixListName": name, "State": "create-complete", "AddressFamily": "IPv4",
        "MaxEntries": 20, "Version": 1, "Entries": entries, "Versions": {1: list(entries)}, "Tags": [],
        "OwnerId": account, "PrefixListArn": f"arn:aws:ec2:{region}:{account}:prefix-list/{found}"}
    return found


def network(dice, account, region):
    """A VPC with a public and a private subnet: only the first has a route to the internet gateway."""
    vpc, gateway = identifier(dice, "vpc"), identifier(dice, "igw")
    main, public = identifier(dice, "rtb"), identifier(dice, "rtb")
    subnets = [identifier(dice, "subnet"), identifier(dice, "subnet")]
    ec2._vpcs[vpc] = {
        "VpcId": vpc, "CidrBlock": "10.0.0.0/16", "State": "available", "IsDefault": False,
        "DhcpOptionsId": "dopt-00000001", "InstanceTenancy": "default", "OwnerId": account, "MainRouteTableId": main}
    ec2._internet_gateways[gateway] = {
        "InternetGatewayId": gateway, "OwnerId": account, "Attachments": [{"VpcId": vpc, "State": "available"}]}
    for number, subnet in enumerate(subnets):
        ec2._subnets[subnet] = {
            "SubnetId": subnet, "VpcId": vpc, "CidrBlock": f"10.0.{16 * number}.0/20", "OwnerId": account,
            "AvailabilityZone": f"{region}a", "AvailabilityZoneId": ec2._az_id_for_zone_name(f"{region}a"),
            "AvailableIpAddressCount": 4091, "State": "available", "DefaultForAz": False, "MapPublicIpOnLaunch": False}
    local = {"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local", "State": "active",
             "Origin": "CreateRouteTable"}
    out = [{"DestinationCidrBlock": WORLD4, "GatewayId": gateway, "State": "active", "Origin": "CreateRoute"},
           {"DestinationIpv6CidrBlock": WORLD6, "GatewayId": gateway, "State": "active", "Origin": "CreateRoute"}]
    for table, routes, association in ((main, [local], {"Main": True}),
                                       (public, [local, *out], {"Main": False, "SubnetId": subnets[0]})):
        ec2._route_tables[table] = {
            "RouteTableId": table, "VpcId": vpc, "OwnerId": account, "Routes": routes,
            "Associations": [{"RouteTableAssociationId": identifier(dice, "rtbassoc"), "RouteTableId": table,
                              "AssociationState": {"State": "associated"}, **association}]}
    return vpc, subnets


def interface(dice, account, region, vpc, subnets, groups):
    """In the public subnet most have a public address, which does no good in the private one."""
    found, public = identifier(dice, "eni"), dice.random() < 0.4
    host = f"{dice.randrange(16)}.{dice.randrange(4, 255)}"
    record = {
        "NetworkInterfaceId": found, "SubnetId": subnets[0 if public else 1], "VpcId": vpc, "OwnerId": account,
        "AvailabilityZone": f"{region}a", "Description": "", "Status": "in-use", "InterfaceType": "interface",
        "PrivateIpAddress": f"10.0.{host}", "SourceDestCheck": True, "Groups": groups,
        "MacAddress": "02:" + ":".join(f"{dice.randrange(256):02x}" for _ in range(5)),
        "Attachment": {"AttachmentId": identifier(dice, "eni-attach"), "InstanceId": identifier(dice, "i"),
                       "DeviceIndex": 0, "Status": "attached", "AttachTime": "2024-03-01T09:00:00.000Z"}}
    if dice.random() < (0.7 if public else 0.1):
        record["Association"] = {"PublicIp": f"52.{dice.randrange(256)}.{host}", "IpOwnerId": "amazon"}
    if dice.random() < 0.1:
        record["Ipv6Addresses"] = [{"Ipv6Address": f"2600:1f18::{dice.getrandbits(16):x}"}]
    ec2._network_interfaces[found] = record


def tags(dice, name):
    owner = {"Key": dice.choice(("Owner", "Team", "owner")), "Value": f"team-{dice.choice(WORDS)}"}
    return [{"Key": "Name", "Value": name}, *([owner] if dice.random() < 0.6 else [])]


def cell(seed, account, region, size):
    """The number of rules of the groups made; of the groups about 3 of 5 are attached to an interface."""
    dice = random.Random(f"{seed}/{account}/{region}")
    ec2._ensure_defaults_initialized()
    vpc, subnets = network(dice, account, region)
    if dice.random() < 0.1:
        public_access.modes[account, region] = "block-ingress"
    groups = [identifier(dice, "sg") for _ in range(size)]
    facts = {
        "groups": groups, "corporate": prefix_list(dice, account, region, "corporate", ["81.2.69.0/24", "10.0.0.0/8"]),
        "open": prefix_list(dice, account, region, "partners", ["81.2.70.0/24", WORLD4])}
    made = 0
    for number, group in enumerate(groups):
        kinds = dice.choices(KINDS, WEIGHTS, k=2 if dice.random() < 0.2 else 1)
        name = f"{dice.choice(WORDS)}-{number}"
        ingress = rules(dice, facts, [rule for _, wanted in kinds for rule in wanted])
        made += len(ingress)
        ec2._security_groups[group] = {
            "GroupId": group, "GroupName": name, "Description": f"{name} of {account}", "VpcId": vpc,
            "OwnerId": account, "IpPermissions": ingress, "IpPermissionsEgress": rules(
                dice, facts, [("-1", None, None, "anyone")])}
        ec2._tags[group] = tags(dice, name)
        for _ in range(dice.choices((0, 1, 2), (40, 45, 15))[0]):
            interface(dice, account, region, vpc, subnets, [{"GroupId": group, "GroupName": name}])
    return made


def fill(question):
    """`groups` security groups in each of the accounts and Regions. The number of groups and of their ingress rules."""
    made = 0
    for account in question["accounts"]:
        for region in question["regions"]:
            with request_scope(account, region):
                made += cell(question["seed"], account, region, question["groups"])
    return {"groups": len(question["accounts"]) * len(question["regions"]) * question["groups"], "rules": made}
