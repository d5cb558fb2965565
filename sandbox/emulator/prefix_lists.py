"""What ministack's managed prefix lists lack: their versions, which can be read and restored, the resources that use
them, the IPAM prefix list resolvers that write to them (which write nothing here), and accounts other than the owner. Every list is shared with the whole organization of its owner."""

import base64
import copy
import re

from security_groups import Refused, answering
from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import ec2

create_list = ec2._create_managed_prefix_list
modify_list = ec2._modify_managed_prefix_list
describe_lists = ec2._describe_managed_prefix_lists
entries_of = ec2._get_managed_prefix_list_entries


def members(account):
    """Every account of an account's organization; replaced once organizations are known."""
    return [account]


def owned(params):
    """A list of the caller's own account. What others share or AWS keeps cannot be changed, and its users cannot be listed."""
    prefix_list_id = ec2._p(params, "PrefixListId")
    if ec2._is_aws_managed_prefix_id(prefix_list_id):
        raise Refused("UnsupportedOperation", "The action is not supported for an AWS-managed prefix list.")
    found = ec2._prefix_lists.get(prefix_list_id)
    if found is None:
        raise Refused("InvalidPrefixListID.NotFound", f"The prefix list ID '{prefix_list_id}' does not exist")
    return found


def number(params, name):
    text = ec2._p(params, name)
    if not text.isdigit():
        raise Refused("MissingParameter", f"The request must contain the parameter {name}")
    return int(text)


def require_current(params, found):
    if number(params, "CurrentVersion") != found["Version"]:
        raise Refused("PrefixListVersionMismatch", "The prefix list has the incorrect version number")


def keep(found):
    found.setdefault("Versions", {})[found["Version"]] = copy.deepcopy(found["Entries"])


def create(params):
    before = set(ec2._prefix_lists)
    answer = create_list(params)
    for prefix_list_id in set(ec2._prefix_lists) - before:
        ec2._parse_tag_specs(params, "prefix-list", prefix_list_id)
        keep(ec2._prefix_lists[prefix_list_id])
    return answer


def modify(params):
    """A change of entries makes a version, and needs the number of the last one."""
    found = owned(params)
    changes_entries = any(key.startswith(("AddEntry.", "RemoveEntry.")) for key in params)
    version = found["Version"]
    if changes_entries:
        require_current(params, found)
    added = [key for key in params if re.fullmatch(r"AddEntry\.\d+\.Cidr", key)]
    known = {entry["Cidr"] for entry in found["Entries"]}
    if len(known | {ec2._p(params, key) for key in added}) > found["MaxEntries"]:
        raise Refused("PrefixListMaxEntriesExceeded", "You've reached the maximum number of entries for the prefix list")
    answer = modify_list(params)
    if not changes_entries:
        found["Version"] = version
        return modified(found, "ModifyManagedPrefixListResponse")
    keep(found)
    return answer


def restore(params):
    """The entries of an earlier version become a new version."""
    found = owned(params)
    require_current(params, found)
    entries = found["Versions"].get(number(params, "PreviousVersion"))
    if entries is None:
        raise Refused("InvalidPrefixListVersion.NotFound", "The prefix list has no such version")
    found.update(Entries=copy.deepcopy(entries), Version=found["Version"] + 1, State="restore-complete")
    keep(found)
    return modified(found, "RestoreManagedPrefixListVersionResponse")


def modified(found, action):
    return ec2._xml(200, action, ec2._prefix_list_xml(found, tag="prefixList"))


def describe(params):
    """The account's own lists, AWS's, and those that the organization shares."""
    # ministack applies the filter by id to AWS's lists alone, and the ids of a request to all.
    ids = ec2._parse_filters(params).get("prefix-list-id", [])
    params = {**params, **{f"PrefixListId.{number}": [each] for number, each in enumerate(ids, 1)}}
    texts = [describe_lists(params)]
    last = next(each for each in range(1, 201) if not ec2._p(params, f"Filter.{each}.Name"))
    for account in members(get_account_id()):
        if account == get_account_id():
            continue
        theirs = {**params, f"Filter.{last}.Name": ["owner-id"], f"Filter.{last}.Value.1": [account]}
        with request_scope(account, get_region()):
            texts.append(describe_lists(theirs))
    shown = [body.decode().partition("<prefixListSet>")[2].partition("</prefixListSet>")[0] for _, _, body in texts]
    return ec2._xml(200, "DescribeManagedPrefixListsResponse", f"<prefixListSet>{''.join(shown)}</prefixListSet>")


def owner_of(prefix_list_id):
    accounts = [get_account_id(), *members(get_account_id())]
    return next((account for account in accounts
                 if ec2._prefix_lists.contains_scoped(account, get_region(), prefix_list_id)), get_account_id())


def entries(params):
    """Of the present version, or of the one that the caller names."""
    prefix_list_id = ec2._p(params, "PrefixListId")
    with request_scope(owner_of(prefix_list_id), get_region()):
        found = ec2._prefix_lists.get(prefix_list_id)
        if found is None or not ec2._p(params, "TargetVersion"):
            return entries_of(params)
        wanted = found["Versions"].get(number(params, "TargetVersion"))
        if wanted is None:
            raise Refused("InvalidPrefixListVersion.NotFound", "The prefix list has no such version")
    items = "".join(f"<item><cidr>{each['Cidr']}</cidr><description>{ec2._esc(each['Description'])}</description></item>"
                   for each in wanted)
    return ec2._xml(200, "GetManagedPrefixListEntriesResponse", f"<entrySet>{items}</entrySet>")


def uses(group, prefix_list_id):
    return any(entry["PrefixListId"] == prefix_list_id for kind in ("IpPermissions", "IpPermissionsEgress")
               for rule in group[kind] for entry in rule.get("PrefixListIds", []))


def associations(params):
    """The security groups, of any account in the owner's organization, that use a list; in pages."""
    prefix_list_id = owned(params)["PrefixListId"]
    users = [(group["GroupId"], account) for account in members(get_account_id())
             for group in ec2._security_groups.values_scoped(account, get_region()) if uses(group, prefix_list_id)]
    size = int(ec2._p(params, "MaxResults") or 255)
    if not 5 <= size <= 255:
        raise Refused("InvalidMaxResults", f"The value {size} of MaxResults is not between 5 and 255")
    start = int(base64.b64decode(ec2._p(params, "NextToken")) or 0)
    items = "".join(f"<item><resourceId>{group}</resourceId><resourceOwner>{account}</resourceOwner></item>"
                   for group, account in sorted(users)[start:start + size])
    more = base64.b64encode(str(start + size).encode()).decode() if len(users) > start + size else ""
    return ec2._xml(200, "GetManagedPrefixListAssociationsResponse",
                    f"<prefixListAssociationSet>{items}</prefixListAssociationSet>"
                    + (f"<nextToken>{more}</nextToken>" if more else ""))


resolver_targets = {}  # (account, Region) -> targets


def target_xml(target, tag):
    names = ("ipamPrefixListResolverTargetId", "ipamPrefixListResolverId", "ownerId", "prefixListId", "prefixListRegion")
    return f"<{tag}>{''.join(f'<{name}>{ec2._esc(target[name])}</{name}>' for name in names)}</{tag}>"


def create_target(params):
    found = owned(params)
    kept = resolver_targets.setdefault((get_account_id(), get_region()), [])
    kept.append({
        "ipamPrefixListResolverTargetId": f"ipam-pl-resolver-target-{len(kept):017x}",
        "ipamPrefixListResolverId": ec2._p(params, "IpamPrefixListResolverId"), "ownerId": get_account_id(),
        "prefixListId": found["PrefixListId"], "prefixListRegion": ec2._p(params, "PrefixListRegion")})
    return ec2._xml(200, "CreateIpamPrefixListResolverTargetResponse",
                    target_xml(kept[-1], "ipamPrefixListResolverTarget"))


def describe_targets(params):
    resolver = ec2._p(params, "IpamPrefixListResolverId")
    kept = resolver_targets.get((get_account_id(), get_region()), [])
    shown = "".join(target_xml(each, "item") for each in kept
                    if resolver in ("", each["ipamPrefixListResolverId"]))
    return ec2._xml(200, "DescribeIpamPrefixListResolverTargetsResponse",
                    f"<ipamPrefixListResolverTargetSet>{shown}</ipamPrefixListResolverTargetSet>")


def fill():
    ec2._ACTION_MAP.update({
        "CreateManagedPrefixList": create,
        "ModifyManagedPrefixList": answering(modify),
        "RestoreManagedPrefixListVersion": answering(restore),
        "DescribeManagedPrefixLists": describe,
        "GetManagedPrefixListEntries": answering(entries),
        "GetManagedPrefixListAssociations": answering(associations),
        "CreateIpamPrefixListResolverTarget": answering(create_target),
        "DescribeIpamPrefixListResolverTargets": describe_targets,
    })
