"""Subnets that an account shares with others of its organization, as AWS RAM does: a participant sees the subnet and
uses it; the owner sees the participants' security groups and network interfaces in it. Route tables are the owner's.
Source: "Share your VPC subnets with other accounts", Amazon VPC user guide."""

from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import ec2

describe_subnets = ec2._describe_subnets
describe_groups = ec2._describe_security_groups

# Subnet id -> owner, Region, VPC id and the accounts that it is shared with.
shares: dict[str, tuple[str, str, str, frozenset]] = {}


def share(request):
    """Admin route: shares a subnet of an account with others."""
    owner, region, subnet_id = request["accountId"], request["region"], request["subnetId"]
    with request_scope(owner, region):
        vpc_id = ec2._subnets[subnet_id]["VpcId"]
    shares[subnet_id] = owner, region, vpc_id, frozenset(request["accounts"])


def here(subnet_id):
    """The share of a subnet in the Region of the call."""
    found = shares.get(subnet_id)
    return found if found and found[1] == get_region() else None


def shares_subnet(owner, subnet_id):
    """Whether an account shares this subnet with others."""
    found = here(subnet_id)
    return bool(found) and found[0] == owner


def participants():
    """The accounts that the caller shares a subnet with in the Region of the call."""
    return sorted({account for owner, region, _, accounts in shares.values()
                   if (owner, region) == (get_account_id(), get_region()) for account in accounts})


def visible(subnet_id):
    """A subnet that the caller can use: its own, or one that is shared with it."""
    own = ec2._subnets.get(subnet_id)
    found = here(subnet_id)
    if own or not found or get_account_id() not in found[3]:
        return own
    with request_scope(found[0], found[1]):
        return ec2._subnets.get(subnet_id)


def within(body, element):
    _, start, rest = body.decode().partition(f"<{element}>")
    return rest.rpartition(f"</{element}>")[0] if start else ""


def subnets(params):
    """The caller's own subnets, and those that are shared with it."""
    account, filters = get_account_id(), ec2._parse_filters(params)
    shown = []
    for subnet_id, (owner, region, _, accounts) in shares.items():
        if region == get_region() and account in accounts:
            with request_scope(owner, region):
                subnet = ec2._subnets.get(subnet_id)
                if subnet and ec2._matches_subnet_filters(subnet, filters):
                    shown.append(ec2._subnet_fields_xml(subnet))
    status, headers, body = describe_subnets(params)
    if status != 200 or not shown or ec2._parse_member_list(params, "SubnetId"):
        return status, headers, body
    return status, headers, body.replace(b"</subnetSet>", "".join(shown).encode() + b"</subnetSet>")


def groups(params):
    """The caller's own groups, and those of participants in VPCs that it shares."""
    status, headers, body = describe_groups(params)
    if status != 200 or ec2._parse_member_list(params, "GroupId"):
        return status, headers, body
    shared = {vpc_id for owner, region, vpc_id, _ in shares.values()
              if (owner, region) == (get_account_id(), get_region())}
    filters = ec2._parse_filters(params)
    shown = []
    for account in participants() if shared else []:
        with request_scope(account, get_region()):
            shown += [ec2._sg_xml(group) for group in ec2._security_groups.values()
                      if group["VpcId"] in shared and not filters]
    return status, headers, body.replace(b"</securityGroupInfo>", "".join(shown).encode() + b"</securityGroupInfo>")


def fill():
    ec2._ACTION_MAP.update({"DescribeSubnets": subnets, "DescribeSecurityGroups": groups})
