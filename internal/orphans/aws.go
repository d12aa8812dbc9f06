package orphans

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
)

// AWS asks Amazon Web Services, by the program aws: its tags are indexed by the Resource Groups Tagging API. What was
// deleted a moment ago may still be in that index.
//
// Source: https://docs.aws.amazon.com/cli/latest/reference/resourcegroupstaggingapi/get-resources.html.
type AWS struct {
	// Region is where the environment is. Empty: what the program's own configuration says.
	Region string
}

// Name is aws.
func (AWS) Name() string { return "aws" }

// Find asks once for each tag.
func (a AWS) Find(ctx context.Context, q Query) ([]Resource, error) {
	filters := []string{"Key=" + stackTag + ",Values=" + q.Stack}
	for _, cluster := range q.Clusters {
		filters = append(filters, "Key="+ownedTagPrefix+cluster+",Values=owned", "Key="+balancerTag+",Values="+cluster)
	}
	if len(q.Namespaces) > 0 {
		filters = append(filters, "Key="+claimNamespace+",Values="+strings.Join(q.Namespaces, ","))
	}
	var found []Resource
	seen := map[string]bool{}
	for _, filter := range filters {
		args := []string{"resourcegroupstaggingapi", "get-resources", "--output", "json", "--tag-filters", filter}
		if a.Region != "" {
			args = append(args, "--region", a.Region)
		}
		var answer struct {
			ResourceTagMappingList []struct {
				ResourceARN string
				Tags        []struct{ Key, Value string }
			}
		}
		if err := ask(ctx, &answer, "aws", args...); err != nil {
			return nil, err
		}
		for _, mapping := range answer.ResourceTagMappingList {
			if seen[mapping.ResourceARN] {
				continue
			}
			seen[mapping.ResourceARN] = true
			r := Resource{Kind: kindOfARN(mapping.ResourceARN), ID: mapping.ResourceARN, Tags: map[string]string{}}
			for _, tag := range mapping.Tags {
				r.Tags[tag.Key] = tag.Value
			}
			r.Name = r.Tags["Name"]
			found = append(found, r)
		}
	}
	return found, nil
}

// kindOfARN is SERVICE:TYPE, or SERVICE where the service has one type alone.
//
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html.
func kindOfARN(arn string) string {
	parts := strings.SplitN(arn, ":", 6) // arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE
	if len(parts) < 6 {
		return arn
	}
	kind, _, found := strings.Cut(strings.Replace(parts[5], ":", "/", 1), "/")
	if !found {
		return parts[2]
	}
	return parts[2] + ":" + kind
}

// ask runs a program of a cloud and decodes the JSON that it prints.
func ask(ctx context.Context, answer any, program string, args ...string) error {
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if errors.Is(err, exec.ErrNotFound) {
		return fmt.Errorf("asking the cloud: the program %s is not installed: install it, and log in", program)
	}
	if err != nil {
		return fmt.Errorf("asking the cloud: %s %s: %w: %s", program, strings.Join(args, " "), err,
			strings.TrimSpace(errs.String()))
	}
	if err := json.Unmarshal(out.Bytes(), answer); err != nil {
		return fmt.Errorf("asking the cloud: %s %s: what it prints is not what is expected: %w", program,
			strings.Join(args, " "), err)
	}
	return nil
}
