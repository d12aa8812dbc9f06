package eks

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/platform/eks/slim"
)

// controlPlaneLogs is where EKS writes: https://docs.aws.amazon.com/eks/latest/userguide/control-plane-logs.html.
func (c *Cluster) controlPlaneLogs() string { return "/aws/eks/" + c.physical() + "/cluster" }

// containerLogs are the kinds of logs that the observability addon writes from every node, each to a group of its own:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-EKS-logs.html.
func containerLogs() []string { return []string{"application", "dataplane", "host", "performance"} }

func (c *Cluster) containerLogs(kind string) string {
	return "/aws/containerinsights/" + c.physical() + "/" + kind
}

// clusterLogs are the names of all groups that are written from the cluster.
func (c *Cluster) clusterLogs() []string {
	names := []string{c.controlPlaneLogs()}
	for _, kind := range containerLogs() {
		names = append(names, c.containerLogs(kind))
	}
	return names
}

// flowLogs matches the name of the group of flow logs, which Pulumi makes up.
func (c *Cluster) flowLogs() string { return c.name + "-flow-logs-*" }

// makeLogGroup makes a log group. The names of most are given by who writes to them: groups that such a one makes for
// itself are neither encrypted with our key nor ever emptied, and are still there when the environment is gone. So each
// is made before its writer, and no writer has the permission to make one.
//
// A group that is retained keeps its name. Where an environment comes back under its old name, raise cluster.generation
// or take the old groups in with "pulumi import".
func (c *Cluster) makeLogGroup(ctx *pulumi.Context, name string, physical pulumi.StringInput) (*slim.LogGroup, error) {
	group, err := slim.NewLogGroup(ctx, name, &slim.LogGroupArgs{
		Name: physical, RetentionInDays: pulumi.Int(c.args.LogRetention), KmsKeyID: c.keyARN(),
	}, c.kept()...)
	if err != nil {
		return nil, fmt.Errorf("creating the log group %s: %w", name, err)
	}
	return group, nil
}

// makeFlowLog records all connections of the network.
func (c *Cluster) makeFlowLog(ctx *pulumi.Context) error {
	group, err := c.makeLogGroup(ctx, c.name+"-flow-logs", nil)
	if err != nil {
		return err
	}
	// https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html, without logs:CreateLogGroup.
	writer, err := c.newRole(ctx, "flow-logs", roleArgs{
		description: "Flow logs to CloudWatch",
		trust: trusted("vpc-flow-logs.amazonaws.com",
			condition{"StringEquals", "aws:SourceAccount", []pulumi.StringInput{c.account}}),
		own: []statement{
			{
				actions:   []string{"logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"},
				resources: []pulumi.StringInput{group.Arn, pulumi.Sprintf("%s:*", group.Arn)},
			},
			{actions: []string{"logs:DescribeLogGroups"}, resources: []pulumi.StringInput{c.arn("logs", "log-group:*")}},
		},
	})
	if err != nil {
		return err
	}
	_, err = slim.NewFlowLog(ctx, c.name+"-flow-log", &slim.FlowLogArgs{
		VpcID: c.network.vpc.ID(), TrafficType: pulumi.String("ALL"),
		LogDestinationType: pulumi.String("cloud-watch-logs"), LogDestination: group.Arn,
		IamRoleArn: writer.Arn, Tags: c.tags("flow-log"),
	}, c.child(dependsOn(writer.effective))...)
	if err != nil {
		return fmt.Errorf("creating the flow log: %w", err)
	}
	return nil
}

// makeContainerLogs makes the groups of the observability addon.
func (c *Cluster) makeContainerLogs(ctx *pulumi.Context) ([]pulumi.Resource, []pulumi.StringInput, error) {
	var groups []pulumi.Resource
	var arns []pulumi.StringInput
	for _, kind := range containerLogs() {
		group, err := c.makeLogGroup(ctx, c.name+"-"+kind+"-logs", pulumi.String(c.containerLogs(kind)))
		if err != nil {
			return nil, nil, err
		}
		groups = append(groups, group)
		arns = append(arns, group.Arn, pulumi.Sprintf("%s:*", group.Arn))
	}
	return groups, arns, nil
}
