"""What the policy listing-policy.yaml forbids in the cells named on standard input, found without any of Portcullis:
other calls (every rule of a cell, every interface), another language and another library of addresses. One JSON object a
line. For a test only: it knows just these rules, and stops at the first call that fails."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address, ip_network

import botocore.session
from botocore.config import Config

NOT_PUBLIC = [ip_network(each) for each in (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16",
    "224.0.0.0/4", "240.0.0.0/4")]
UNICAST = ip_network("2000::/3")
DATABASES = {3306, 5432, 6379, 11211, 27017, 27018, 27019}


def is_public(network):
    if network.version == 6:
        return network.overlaps(UNICAST)
    return not any(network.subnet_of(each) for each in NOT_PUBLIC)


def wider(networks, ipv4, ipv6):
    return any(is_public(each) and each.prefixlen < (ipv4 if each.version == 4 else ipv6) for each in networks)


def opens(rule, ports):
    """TCP or UDP on any of these ports. Every protocol has every port."""
    if rule["IpProtocol"] == "-1":
        return True
    return rule["IpProtocol"] in ("tcp", "udp") and any(rule["FromPort"] <= port <= rule["ToPort"] for port in ports)


def opens_others(rule):
    """Anything but TCP and UDP on 80 and 443, and ICMP."""
    if rule["IpProtocol"] in ("icmp", "icmpv6"):
        return False
    if rule["IpProtocol"] not in ("tcp", "udp"):
        return True
    return any(port not in (80, 443) for port in range(rule["FromPort"], rule["ToPort"] + 1))


def opens_icmp(rule):
    return rule["IpProtocol"] == "icmp" and (rule["FromPort"] == -1 or rule["FromPort"] in (5, 13, 17))


RULES = [
    ("everything-open", lambda rule: rule["IpProtocol"] == "-1", (16, 32)),
    ("admin-ports", lambda rule: opens(rule, (22, 3389)), (16, 32)),
    ("databases", lambda rule: opens(rule, DATABASES), (16, 32)),
    ("world-open", opens_others, (8, 16)),
    ("icmp", opens_icmp, (8, 16)),
]


def every(client, operation, key):
    return [item for page in client.get_paginator(operation).paginate() for item in page[key]]


def sources(client, rule):
    if "PrefixListId" in rule:
        pages = client.get_paginator("get_managed_prefix_list_entries").paginate(PrefixListId=rule["PrefixListId"])
        return [ip_network(entry["Cidr"]) for page in pages for entry in page["Entries"]]
    given = rule.get("CidrIpv4") or rule.get("CidrIpv6")
    return [ip_network(given)] if given else []


def ways_out(client):
    """By subnet, and by VPC for subnets without a table of their own: the families that go to an internet gateway.
    None where VPC Block Public Access is on: nothing here has exclusions."""
    options = client.describe_vpc_block_public_access_options()["VpcBlockPublicAccessOptions"]
    if options["InternetGatewayBlockMode"] != "off":
        return {}
    found = {}
    for table in every(client, "describe_route_tables", "RouteTables"):
        out = {4 if route.get("DestinationCidrBlock") else 6 for route in table["Routes"]
               if route.get("GatewayId", "").startswith("igw-")
               and (route.get("DestinationCidrBlock") or route.get("DestinationIpv6CidrBlock")) in ("0.0.0.0/0", "::/0")}
        for association in table["Associations"]:
            found[table["VpcId"] if association.get("Main") else association["SubnetId"]] = out
    return found


def exposures(client):
    """By group that an interface has: the address families by which the internet reaches one of them."""
    out, found = ways_out(client), {}
    for face in every(client, "describe_network_interfaces", "NetworkInterfaces"):
        addresses = [face.get("Association", {}).get("PublicIp"),
                     *(each["Ipv6Address"] for each in face.get("Ipv6Addresses", []))]
        way = out.get(face["SubnetId"], out.get(face["VpcId"], set()))
        reached = {ip_address(each).version for each in addresses if each} & way
        for group in face["Groups"]:
            found.setdefault(group["GroupId"], set()).update(reached)
    return found


def exposure(group, networks, found):
    if group not in found:
        return "unattached"
    admitted = {each.version for each in networks if is_public(each)}
    return "reachable" if found[group] & admitted else "attached"


def cell(client, account, region):
    findings, attached = [], exposures(client)
    for rule in every(client, "describe_security_group_rules", "SecurityGroupRules"):
        networks = [] if rule["IsEgress"] else sources(client, rule)
        name = next((name for name, matches, limits in RULES if matches(rule) and wider(networks, *limits)), None)
        if name:
            findings.append({"account": account, "region": region, "group": rule["GroupId"],
                             "rule": rule["SecurityGroupRuleId"], "policyRule": name,
                             "exposure": exposure(rule["GroupId"], networks, attached)})
    return findings


def sign_in(account, role):
    answer = botocore.session.get_session().create_client("sts", region_name="us-east-1").assume_role(
        RoleArn=f"arn:aws:iam::{account}:role/{role}", RoleSessionName="listing")["Credentials"]
    return {"aws_access_key_id": answer["AccessKeyId"], "aws_secret_access_key": answer["SecretAccessKey"],
            "aws_session_token": answer["SessionToken"]}


def account_findings(session, account, regions, role):
    credentials = sign_in(account, role)
    for region in regions:
        client = session.create_client("ec2", region_name=region, config=Config(retries={"total_max_attempts": 1}),
                                       **credentials)
        yield from cell(client, account, region)


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    shared = botocore.session.get_session()
    with ThreadPoolExecutor(4) as pool:
        for findings in pool.map(lambda each: list(account_findings(shared, *each, asked["role"])),
                                 asked["accounts"].items()):
            for finding in findings:
                print(json.dumps(finding))
