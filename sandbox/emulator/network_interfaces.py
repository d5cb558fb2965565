"""What ministack's network interfaces lack: filters, the group and subnet checks, public IPv4 addresses, IPv6
addresses, and the interface that each instance starts with."""

import itertools

from security_groups import Refused, answering
from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import ec2

import shared_subnets

create_interface = ec2._create_network_interface
attach_interface = ec2._attach_network_interface
interface_xml = ec2._eni_fields_xml
run_instances = ec2._run_instances
terminate_instances = ec2._terminate_instances
associate_address = ec2._associate_address
disassociate_address = ec2._disassociate_address
init_defaults = ec2._init_defaults


def subnet_of(subnet_id):
    found = shared_subnets.visible(subnet_id)
    if found is None:
        raise Refused("InvalidSubnetID.NotFound", f"The subnet ID '{subnet_id}' does not exist")
    return found


def require_groups(group_ids, vpc_id):
    """The groups of an interface are in its VPC; those of the caller only."""
    for group_id in group_ids:
        group = ec2._security_groups.get(group_id)
        if group is None or group["VpcId"] != vpc_id:
            raise Refused("InvalidGroup.NotFound", f"The security group '{group_id}' does not exist in VPC '{vpc_id}'")


def default_groups(vpc_id):
    return [group["GroupId"] for group in ec2._security_groups.values()
            if (group["VpcId"], group["GroupName"]) == (vpc_id, "default")]


def made(params, subnet):
    """A new interface of the caller in a subnet."""
    groups = ec2._parse_member_list(params, "SecurityGroupId") or default_groups(subnet["VpcId"])
    require_groups(groups, subnet["VpcId"])
    before = set(ec2._network_interfaces)
    named = {f"SecurityGroupId.{number}": [group] for number, group in enumerate(groups, 1)}
    create_interface({**params, **named, "SubnetId": [subnet["SubnetId"]]})
    interface = ec2._network_interfaces[next(iter(set(ec2._network_interfaces) - before))]
    interface["VpcId"] = subnet["VpcId"]
    ipv6 = itertools.takewhile(bool, (ec2._p(params, f"Ipv6Addresses.{number}.Ipv6Address")
                                      for number in itertools.count(1)))
    interface["Ipv6Addresses"] = [{"Ipv6Address": each} for each in ipv6]
    ec2._parse_tag_specs(params, "network-interface", interface["NetworkInterfaceId"])
    return interface


def create(params):
    interface = made(params, subnet_of(ec2._p(params, "SubnetId") or ec2._DEFAULT_SUBNET_ID))
    return ec2._xml(200, "CreateNetworkInterfaceResponse", xml(interface, tag="networkInterface"))


def xml(interface, tag="item"):
    shown = interface_xml(interface, tag)
    public = interface.get("Association")
    association = (f"<association><publicIp>{public['PublicIp']}</publicIp>"
                   f"<ipOwnerId>{public['IpOwnerId']}</ipOwnerId></association>" if public else "")
    ipv6 = "".join(f"<item><ipv6Address>{each['Ipv6Address']}</ipv6Address></item>"
                   for each in interface.get("Ipv6Addresses", []))
    shown = shown.replace("<primary>true</primary>", f"<primary>true</primary>{association}", 1)
    return shown.replace("<groupSet>", f"<ipv6AddressesSet>{ipv6}</ipv6AddressesSet>{association}<groupSet>", 1)


FILTERS = {
    "group-id": lambda interface: [group["GroupId"] for group in interface["Groups"]],
    "subnet-id": lambda interface: [interface["SubnetId"]],
    "vpc-id": lambda interface: [interface["VpcId"]],
    "network-interface-id": lambda interface: [interface["NetworkInterfaceId"]],
    "owner-id": lambda interface: [interface["OwnerId"]],
    "status": lambda interface: [interface["Status"]],
}


def describe(params):
    """The caller's interfaces, and those of participants in subnets that it shares."""
    filters = ec2._parse_filters(params)
    for name, values in filters.items():
        if name not in FILTERS:
            raise Refused("InvalidParameterValue", f"The filter '{name}' is invalid")
        if len(values) > 200:
            raise Refused("FilterLimitExceeded", "The maximum number of filter values specified on a single call is 200")
    wanted = ec2._parse_member_list(params, "NetworkInterfaceId")
    shown, caller = [], get_account_id()
    for account in [caller, *shared_subnets.participants()]:
        with request_scope(account, get_region()):
            for interface in list(ec2._network_interfaces.values()):
                if account != caller and not shared_subnets.shares_subnet(caller, interface["SubnetId"]):
                    continue
                if wanted and interface["NetworkInterfaceId"] not in wanted:
                    continue
                if all(set(FILTERS[name](interface)) & set(values) for name, values in filters.items()):
                    shown.append(xml(interface))
    return ec2._xml(200, "DescribeNetworkInterfacesResponse",
                    f"<networkInterfaceSet>{''.join(shown)}</networkInterfaceSet>")


def attach(params):
    if ec2._p(params, "InstanceId") not in ec2._instances:
        raise Refused("InvalidInstanceID.NotFound", f"The instance ID '{ec2._p(params, 'InstanceId')}' does not exist")
    return attach_interface(params)


def run(params):
    """Each instance starts with an interface; it has a public address where the subnet gives one."""
    subnet = subnet_of(ec2._p(params, "SubnetId") or ec2._DEFAULT_SUBNET_ID)
    require_groups(ec2._parse_member_list(params, "SecurityGroupId"), subnet["VpcId"])
    before = set(ec2._instances)
    answer = run_instances(params)
    for instance_id in set(ec2._instances) - before:
        instance = ec2._instances[instance_id]
        interface = made({key: value for key, value in params.items() if key.startswith("SecurityGroupId")}, subnet)
        attach_interface({"NetworkInterfaceId": [interface["NetworkInterfaceId"]], "InstanceId": [instance_id],
                          "DeviceIndex": ["0"]})
        interface["Attachment"]["DeviceIndex"] = 0
        if subnet["MapPublicIpOnLaunch"]:
            interface["Association"] = {"PublicIp": instance["PublicIpAddress"], "IpOwnerId": "amazon"}
    return answer


def terminate(params):
    answer = terminate_instances(params)
    ended = set(ec2._parse_member_list(params, "InstanceId"))
    for interface in list(ec2._network_interfaces.values()):
        attachment = interface.get("Attachment") or {}
        if attachment.get("InstanceId") not in ended:
            continue
        if attachment["DeviceIndex"] == 0:
            del ec2._network_interfaces[interface["NetworkInterfaceId"]]
        else:
            interface.update(Status="available", Attachment=None)
    return answer


def associate(params):
    """An Elastic IP address of an interface, or of the first interface of an instance."""
    interface_id, instance_id = ec2._p(params, "NetworkInterfaceId"), ec2._p(params, "InstanceId")
    found = next((each for each in ec2._network_interfaces.values()
                  if each["NetworkInterfaceId"] == interface_id or instance_id and each.get("Attachment")
                  and (each["Attachment"]["InstanceId"], each["Attachment"]["DeviceIndex"]) == (instance_id, 0)), None)
    if interface_id and found is None:
        raise Refused("InvalidNetworkInterfaceID.NotFound", f"The networkInterface ID '{interface_id}' does not exist")
    answer = associate_address(params)
    if answer[0] == 200 and found:
        address = ec2._addresses[ec2._p(params, "AllocationId")]
        address["NetworkInterfaceId"] = found["NetworkInterfaceId"]
        found["Association"] = {"PublicIp": address["PublicIp"], "IpOwnerId": get_account_id()}
    return answer


def disassociate(params):
    address = next((each for each in ec2._addresses.values()
                    if each["AssociationId"] and each["AssociationId"] == ec2._p(params, "AssociationId")), None)
    found = ec2._network_interfaces.get(address["NetworkInterfaceId"]) if address else None
    if found:
        found["Association"] = None
        address["NetworkInterfaceId"] = None
    return disassociate_address(params)


def with_default_route():
    """A default VPC routes to its internet gateway from the start."""
    init_defaults()
    table = ec2._route_tables["rtb-00000001"]
    if not any(route.get("DestinationCidrBlock") == "0.0.0.0/0" for route in table["Routes"]):
        table["Routes"].append({"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": ec2._DEFAULT_IGW_ID,
                                "State": "active", "Origin": "CreateRoute"})


def fill():
    ec2._init_defaults = with_default_route
    ec2._eni_fields_xml = xml
    ec2._ACTION_MAP.update({
        "CreateNetworkInterface": answering(create),
        "DescribeNetworkInterfaces": answering(describe),
        "AttachNetworkInterface": answering(attach),
        "RunInstances": answering(run),
        "TerminateInstances": terminate,
        "AssociateAddress": answering(associate),
        "DisassociateAddress": disassociate,
    })
