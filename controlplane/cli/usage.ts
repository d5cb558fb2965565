/** The help of the command. */
export const usage = `portcullis serve                       run the control plane
portcullis reconcile [scope]           make the organization, or a part of it, as declared
portcullis preview [scope]             name what would change and what drifted; changes nothing
portcullis verify [scope] [--json]     verify each cell by a canary that is opened, seen and closed end to end
portcullis runs [--json]               the latest runs and how far they are
portcullis pause|resume|cancel <run>   take hold of a roll-out
portcullis status [--json]             accounts, stacks, trails and drift, with reasons
portcullis remediations [--account <id>] [--outcome <outcome>] [--json]   what was closed, with ids
portcullis restore <remediation> --owner <who> --why <reason> --ticket <ticket> --expires <time> | --permanent
                   [--rule <sgr-id>]   put back what was closed, with an exception that lets it stay
portcullis exceptions [--json]         what is let through, and until when
portcullis end-exception <name>        end one that a restore made
portcullis confirmations [--json]      what waits for a person before stacks are taken away
portcullis confirm|refuse <id>         let exactly those stacks go, or leave them as they are
portcullis take-over [--yes]           make the hub, which another installation made, this one's
portcullis access-template             the CloudFormation template of the role that accounts are entered by
portcullis doctor [--json]             check the hub Region and the concurrency limit of the hub account
portcullis audit [--jsonl|--verify]    who did what, whether that record is whole; see audit --help
portcullis policy test|explain|diff    what a policy does and what a change of it would; see policy --help

scope: --account <id>  --ou <ou-id>  --region <region>   (each may be given several times)
       --only-changed  leave alone what is ready at the wanted generation
waves: --wave <account, ou-… or 10%, joined by +>  (several, in order)  --parallel <n>  --max-failures <n>
       --max-failure-percent <n>  pause where more fail
exit:  0 done, nothing wanting   1 failed   2 wrong use or environment   3 preview: differences, status, verify and doctor: not all well`;
