"""Event source mappings from queues to functions as AWS has them: one for a queue and a function, and the function's role
may read the queue, when the mapping is made and at every poll. What ministack's poller does beyond that is its own.
Source: "Using Lambda with Amazon SQS", AWS Lambda developer guide."""

from ministack.core import iam_evaluator as evaluator
from ministack.core.responses import error_response_json, get_account_id
from ministack.services import iam, lambda_svc

CALLS = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")

create = lambda_svc._create_esm
concurrency = lambda_svc._sqs_esm_concurrency


def lacking(role_arn, queue_arn):
    """The first of the calls that the role may not make on the queue; None where it may make all."""
    account, name = get_account_id(), role_arn.rsplit("/", 1)[-1]
    policies = evaluator._gather_role_policies(name, account)
    boundary = evaluator._permissions_boundary(iam._roles, name, account)
    for call in CALLS:
        context = evaluator.EvalContext(
            principal_arn=f"arn:aws:sts::{account}:assumed-role/{name}/lambda", principal_type="AssumedRole",
            principal_account=account, action=f"sqs:{call}", resource_arn=queue_arn, region=queue_arn.split(":")[3])
        if evaluator.evaluate(context, policies, *boundary).decision != "Allow":
            return call
    return None


def create_mapping(data):
    queue, function = data.get("EventSourceArn", ""), data.get("FunctionName", "").rsplit(":", 1)[-1]
    if ":sqs:" not in queue or function not in lambda_svc._functions:
        return create(data)
    present = [one for one in lambda_svc._esms.values()
               if one["EventSourceArn"] == queue and one["FunctionName"] == function]
    if present:
        return error_response_json(
            "ResourceConflictException",
            f'An event source mapping with SQS arn (" {queue} ") and function (" {function} ") already exists. Please '
            f'update or delete the existing mapping with UUID {present[0]["UUID"]}', 409)
    call = lacking(lambda_svc._functions[function]["config"]["Role"], queue)
    if call:
        return error_response_json(
            "InvalidParameterValueException",
            f"The provided execution role does not have permissions to call {call} on SQS", 400)
    return create(data)


def polls_at_once(mapping, function, config, queue=None):
    """How many batches may be under way: none where the role may not read the queue."""
    if lacking(function["config"]["Role"], mapping["EventSourceArn"]):
        return 0
    return concurrency(mapping, function, config, queue)


def fill():
    lambda_svc._create_esm = create_mapping
    lambda_svc._sqs_esm_concurrency = polls_at_once
