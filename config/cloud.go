package config

// AWS says where on Amazon Web Services a stack with `cloud: aws` is.
type AWS struct {
	// Account is the id of the account, 12 digits: with other credentials nothing is done. Empty: whatever account the
	// credentials lead to.
	Account string `json:"account"`
	// Region is where everything is.
	Region string `json:"region" default:"eu-central-1"`
	// Zones are the availability zones to use, two or three.
	Zones []string `json:"zones" absent:"three of the region"`
	// Admins are the ARNs of IAM roles and users that administer the cluster, besides the one that creates it.
	Admins []string `json:"admins"`
}

// GCP says where on Google Cloud a stack with `cloud: gcp` is.
type GCP struct {
	// Project is the id of the project that everything is in. It must be there with `cloud: gcp`.
	Project string `json:"project"`
	// Region is where everything is.
	Region string `json:"region" default:"europe-west4"`
	// Zones are the zones to put nodes in, two or three. The control plane is in all zones of the region.
	Zones []string `json:"zones" absent:"three of the region"`
	// Admins are the members that administer the cluster, besides the owners of the project: `group:`, `user:` or
	// `serviceAccount:`, and an address.
	Admins []string `json:"admins"`
}

// zoneLetters are the last letters of the zones that a region has, where they are not a, b and c. A region of AWS that
// gives every account other ones has none.
//
// Sources: https://cloud.google.com/compute/docs/regions-zones#available,
// https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-availability-zones.html.
var zoneLetters = map[string]string{
	"europe-west1":   "bcd",
	"us-east1":       "bcd",
	"ap-northeast-1": "acd",
	"ca-central-1":   "abd",
	"us-west-1":      "",
}

// zonesOf are the zones of a region to use where none are named: three, or none where they are not known.
func zonesOf(region, separator string) []string {
	letters, found := zoneLetters[region]
	if !found {
		letters = "abc"
	}
	var zones []string
	for _, letter := range letters {
		zones = append(zones, region+separator+string(letter))
	}
	return zones
}
