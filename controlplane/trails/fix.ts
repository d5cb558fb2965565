import type { ObservedTrail, TrailCause, TrailProblem, TrailWarning } from '../stacks/trail-check.ts';

const ownerOf = (arn: string): string => arn.split(':')[4] ?? '';
const trailName = (arn: string): string => arn.split('/').at(-1) ?? '';

type TrailReference = Pick<ObservedTrail, 'arn' | 'homeRegion'> & { readonly own?: boolean };

const command = ({ arn, homeRegion }: TrailReference, act: string, more = ''): string =>
  `as account ${ownerOf(arn)}: aws cloudtrail ${act} --name ${arn}${more} --region ${homeRegion}`;

const inConsole = ({ arn, homeRegion }: TrailReference, act: string): string =>
  `in the CloudTrail console of account ${ownerOf(arn)}, ${homeRegion}: trail ${trailName(arn)}, Management events, Edit, ${act}`;

const texts: Record<
  Exclude<TrailCause, 'none'>,
  { message: (arn: string) => string; fix: (trail: TrailReference) => string }
> = {
  elsewhere: {
    message: (arn) => `${arn} records only its own Region`,
    fix: (trail) => command(trail, 'update-trail', ' --is-multi-region-trail'),
  },
  stopped: {
    message: (arn) => `logging of ${arn} is stopped`,
    fix: (trail) => command(trail, 'start-logging'),
  },
  'no-management-events': {
    message: (arn) => `${arn} records no management events`,
    fix: (trail) => inConsole(trail, 'switch management events on, with Write'),
  },
  'reads-only': {
    message: (arn) => `${arn} records only read events, no writes`,
    fix: (trail) => inConsole(trail, 'tick Write'),
  },
  'excludes-ec2': {
    message: (arn) => `${arn} leaves out the events of EC2`,
    fix: (trail) => inConsole(trail, 'remove the selector that leaves out ec2.amazonaws.com'),
  },
  partial: {
    message: (arn) => `${arn} records only some of the management write events of EC2`,
    fix: (trail) => inConsole(trail, 'remove the filters by event name or caller'),
  },
};

/** Why one trail does not cover a Region, with the one action that fixes it. Pure. */
export function problemOf(trail: TrailReference, cause: Exclude<TrailCause, 'none'>): TrailProblem {
  const { message, fix } = texts[cause];
  // Portcullis declares its own trail in the account's stack, so a reconcile undoes manual changes.
  const act = trail.own ? `portcullis reconcile --account ${ownerOf(trail.arn)}` : fix(trail);
  return { cause, trailArn: trail.arn, message: message(trail.arn), mend: act };
}

export const noTrail: TrailProblem = {
  cause: 'none',
  message: 'no trail covers this Region of the account',
  mend: 'make an organization trail that records management write events in all Regions, or set PORTCULLIS_TRAILS=create',
};

/**
 * Failures of a trail's own deliveries, by GetTrailStatus. AWS does not document that they affect EventBridge, which
 * requires "a CloudTrail trail with logging enabled" and no delivery.
 * Source: "AWS service events delivered via AWS CloudTrail", EventBridge user guide; GetTrailStatus, CloudTrail API
 * reference.
 */
export function warningsOf(trail: ObservedTrail): TrailWarning[] {
  const { arn, bucket, failing } = trail;
  const owner = ownerOf(arn);
  const failures: [keyof ObservedTrail['failing'], TrailWarning['cause'], string, string][] = [
    [
      'log',
      'log-delivery',
      `its log files do not reach bucket ${bucket}`,
      `let the policy of bucket ${bucket} (and of its KMS key) admit cloudtrail.amazonaws.com for this trail; if the bucket was deleted: as account ${owner}, aws cloudtrail update-trail --name ${arn} --s3-bucket-name <another>`,
    ],
    [
      'digest',
      'digest-delivery',
      `its digest files do not reach bucket ${bucket}`,
      `let the policy of bucket ${bucket} admit cloudtrail.amazonaws.com for this trail`,
    ],
    [
      'logGroup',
      'log-group-delivery',
      'its events do not reach its CloudWatch Logs log group',
      `see that log group and role of the trail exist: aws cloudtrail get-trail --name ${arn}, as account ${owner}`,
    ],
    [
      'notification',
      'notification',
      'its SNS notifications fail',
      `let the policy of the trail's topic admit cloudtrail.amazonaws.com: aws cloudtrail get-trail --name ${arn}, as account ${owner}`,
    ],
  ];
  return failures.flatMap(([what, cause, message, fix]) => {
    const error = failing[what];
    return error ? [{ cause, trailArn: arn, message: `${arn}: ${message} (${error})`, mend: fix }] : [];
  });
}

/** The trail that Portcullis created where another covers the Region too: every event is recorded and charged twice. */
export const redundant = (arn: string, by: string): TrailWarning => ({
  cause: 'redundant',
  trailArn: arn,
  message: `${arn}, which Portcullis created, is no longer needed: ${by} covers the Region too, and a second copy of management events is charged`,
  mend: 'set PORTCULLIS_TRAILS=report once every account is covered without it; its bucket stays',
});
