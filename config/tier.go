package config

// Tier is the kind of environment that a stack is.
type Tier string

// The tiers, from the most permissive to the strictest.
const (
	Dev     Tier = "dev"
	Staging Tier = "staging"
	Prod    Tier = "prod"
)

// Values lists every tier.
func (Tier) Values() []string { return []string{string(Dev), string(Staging), string(Prod)} }

// Cloud is where a stack's cluster comes from.
type Cloud string

// The clouds. With one of them the stack makes its cluster, and the network around it, itself.
const (
	// Existing is a cluster that exists already, and that the stack only uses.
	Existing Cloud = "existing"
	// OnAWS is EKS.
	OnAWS Cloud = "aws"
	// OnGCP is GKE.
	OnGCP Cloud = "gcp"
)

// Values lists every cloud.
func (Cloud) Values() []string { return []string{string(Existing), string(OnAWS), string(OnGCP)} }
