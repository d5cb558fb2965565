"""What ministack has not at all: VPC Block Public Access with its exclusions; and of routes, destinations in IPv6 and
the check that an internet gateway is attached to the VPC. A mode or an exclusion is in effect at once.
Source: "Block public access to VPCs and subnets", Amazon VPC user guide, and the API reference of these calls."""

import random

from security_groups import Refused, answering
from ministack.core.responses import get_account_id, get_region
from ministack.services import ec2

create_route = ec2._create_route
delete_route = ec2._delete_route
MODES = ("off", "block-bidirectional", "block-ingress")
EXCLUSION_MODES = ("allow-bidirectional", "allow-egress")

modes: dict[tuple, str] = {}  # (account, Region) -> mode
exclusions: dict[tuple, dict] = {}  # (account, Region) -> exclusion id -> exclusion


def place():
    return get_account_id(), get_region()


def options_xml():
    account, region = place()
    state = "update-complete" if place() in modes else "default-state"
    return (f"<vpcBlockPublicAccessOptions><awsAccountId>{account}</awsAccountId><awsRegion>{region}</awsRegion>"
            f"<state>{state}</state><internetGatewayBlockMode>{modes.get(place(), 'off')}</internetGatewayBlockMode>"
            "<managedBy>account</managedBy><exclusionsAllowed>allowed</exclusionsAllowed></vpcBlockPublicAccessOptions>")


def describe_options(params):
    return ec2._xml(200, "DescribeVpcBlockPublicAccessOptionsResponse", options_xml())


def modify_options(params):
    mode = ec2._p(params, "InternetGatewayBlockMode")
    if mode not in MODES:
        raise Refused("InvalidParameterValue", f"Value ({mode}) for parameter internetGatewayBlockMode is invalid.")
    modes[place()] = mode
    return ec2._xml(200, "ModifyVpcBlockPublicAccessOptionsResponse", options_xml())


def exclusion_xml(exclusion, tag):
    names = ("exclusionId", "internetGatewayExclusionMode", "resourceArn", "state")
    return f"<{tag}>{''.join(f'<{name}>{exclusion[name]}</{name}>' for name in names)}</{tag}>"


def create_exclusion(params):
    """Of a VPC or a subnet of the account, once each."""
    mode, vpc, subnet = (ec2._p(params, name) for name in ("InternetGatewayExclusionMode", "VpcId", "SubnetId"))
    if mode not in EXCLUSION_MODES:
        raise Refused("InvalidParameterValue", f"Value ({mode}) for parameter internetGatewayExclusionMode is invalid.")
    if bool(vpc) == bool(subnet):
        raise Refused("InvalidParameterCombination", "Specify either a VPC or a subnet.")
    if vpc and vpc not in ec2._vpcs:
        raise Refused("InvalidVpcID.NotFound", f"The vpc ID '{vpc}' does not exist")
    if subnet and subnet not in ec2._subnets:
        raise Refused("InvalidSubnetID.NotFound", f"The subnet ID '{subnet}' does not exist")
    account, region = place()
    arn = f"arn:aws:ec2:{region}:{account}:{f'vpc/{vpc}' if vpc else f'subnet/{subnet}'}"
    kept = exclusions.setdefault(place(), {})
    if any(each["resourceArn"] == arn and each["state"] != "delete-complete" for each in kept.values()):
        raise Refused("VpcBlockPublicAccessExclusionAlreadyExists", f"An exclusion of {arn} exists.")
    found = {"exclusionId": f"vpcbpa-exclude-{random.getrandbits(68):017x}", "internetGatewayExclusionMode": mode,
             "resourceArn": arn, "state": "create-complete"}
    kept[found["exclusionId"]] = found
    return ec2._xml(200, "CreateVpcBlockPublicAccessExclusionResponse",
                    exclusion_xml(found, "vpcBlockPublicAccessExclusion"))


def delete_exclusion(params):
    """It stays listed as deleted."""
    found = exclusions.get(place(), {}).get(ec2._p(params, "ExclusionId"))
    if found is None:
        raise Refused("InvalidVpcBlockPublicAccessExclusionId.NotFound",
                      f"The exclusion '{ec2._p(params, 'ExclusionId')}' does not exist")
    found["state"] = "delete-complete"
    return ec2._xml(200, "DeleteVpcBlockPublicAccessExclusionResponse",
                    exclusion_xml(found, "vpcBlockPublicAccessExclusion"))


def describe_exclusions(params):
    shown = "".join(exclusion_xml(each, "item") for each in exclusions.get(place(), {}).values())
    return ec2._xml(200, "DescribeVpcBlockPublicAccessExclusionsResponse",
                    f"<vpcBlockPublicAccessExclusionSet>{shown}</vpcBlockPublicAccessExclusionSet>")


def require_attached(gateway, table):
    """An internet gateway of a route is attached to the VPC of the table."""
    found = ec2._internet_gateways.get(gateway)
    if found is None:
        raise Refused("InvalidGatewayID.NotFound", f"The gateway ID '{gateway}' does not exist")
    if all(each["VpcId"] != table["VpcId"] for each in found["Attachments"]):
        raise Refused("InvalidParameterValue", f"route table {table['RouteTableId']} and network gateway {gateway} "
                                               "belong to different networks")


def create_route_for(params):
    table = ec2._route_tables.get(ec2._p(params, "RouteTableId"))
    gateway, ipv6 = ec2._p(params, "GatewayId"), ec2._p(params, "DestinationIpv6CidrBlock")
    if table and gateway.startswith("igw-"):
        require_attached(gateway, table)
    answer = create_route(params)
    if answer[0] == 200 and ipv6:
        route = table["Routes"][-1]
        del route["DestinationCidrBlock"]
        route["DestinationIpv6CidrBlock"] = ipv6
        egress_only = ec2._p(params, "EgressOnlyInternetGatewayId")
        if egress_only:
            del route["GatewayId"]
            route["EgressOnlyInternetGatewayId"] = egress_only
    return answer


def delete_route_for(params):
    table, ipv6 = ec2._route_tables.get(ec2._p(params, "RouteTableId")), ec2._p(params, "DestinationIpv6CidrBlock")
    if not table or not ipv6:
        return delete_route(params)
    table["Routes"] = [route for route in table["Routes"] if route.get("DestinationIpv6CidrBlock") != ipv6]
    return ec2._xml(200, "DeleteRouteResponse", "<return>true</return>")


def fill():
    ec2._ACTION_MAP.update({
        "DescribeVpcBlockPublicAccessOptions": describe_options,
        "ModifyVpcBlockPublicAccessOptions": answering(modify_options),
        "CreateVpcBlockPublicAccessExclusion": answering(create_exclusion),
        "DeleteVpcBlockPublicAccessExclusion": answering(delete_exclusion),
        "DescribeVpcBlockPublicAccessExclusions": describe_exclusions,
        "CreateRoute": answering(create_route_for),
        "DeleteRoute": delete_route_for,
    })
