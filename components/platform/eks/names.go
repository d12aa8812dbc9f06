package eks

import (
	"regexp"
	"strings"

	"plinth/components/workload"
)

// Limits on the length of names, in bytes.
const (
	// maxCluster: https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateCluster.html.
	maxCluster = 100
	// maxRole: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html.
	maxRole = 64
	// maxNodeGroup: https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateNodegroup.html.
	maxNodeGroup = 63
	// maxRepository: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html.
	maxRepository = 256
	// maxTagValue: https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html.
	maxTagValue = 256

	// maxBucket: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html.
	maxBucket = 63

	// suffix is what Pulumi appends to a logical name in order to make a name of it: "-" and seven digits.
	suffix = 8
)

// roleName is the name of a role. The parts are told apart by a character that no name of Kubernetes holds.
func (c *Cluster) roleName(parts ...string) string {
	return workload.Name(maxRole, strings.Join(append([]string{c.physical()}, parts...), "_"))
}

// dashes are what ECR does not take in the name of a repository: more than one at a time.
var dashes = regexp.MustCompile("--+")

// repositoryName is the name of an image repository: ENVIRONMENT/NAME. The generation of the cluster is not in it,
// since images outlive clusters.
func repositoryName(environment, name string) string {
	full := environment + "/" + name
	single := dashes.ReplaceAllString(full, "-")
	if single == full {
		return workload.Name(maxRepository, full)
	}
	return workload.Name(maxRepository, single+"-"+workload.Hashed("x", full)[len("x-"):])
}
