package config

// Network is the network that a stack with a cloud of its own gets there.
type Network struct {
	// CIDR is the range of its addresses, from /16 to /20. Nodes have theirs from it, on AWS pods too.
	CIDR string `json:"cidr" default:"10.0.0.0/16"`
	// Pods is the range for pods on Google Cloud, from /9 to /21: each node takes a /24 of it.
	Pods string `json:"pods" default:"10.4.0.0/14"`
	// Services is the range for Services, from /16 to /24.
	Services string `json:"services" default:"10.8.0.0/20"`
	// Endpoints is the range for the addresses of managed databases on Google Cloud, from /24 to /28.
	Endpoints string `json:"endpoints" default:"10.8.16.0/24"`
	// NAT is how nodes, which have no public addresses, reach the world: `single` is one gateway, in one zone;
	// `perZone` one in each, so that a zone that fails takes only itself along; `none` is no way out.
	NAT WayOut `json:"nat" tier:"dev=single staging=single prod=perZone"`
	// FlowLogs records which connections there are.
	FlowLogs bool `json:"flowLogs" default:"true"`
}

// WayOut is how nodes reach the world.
type WayOut string

// The ways out.
const (
	NATNone    WayOut = "none"
	NATSingle  WayOut = "single"
	NATPerZone WayOut = "perZone"
)

// Values lists the ways out.
func (WayOut) Values() []string {
	return []string{string(NATNone), string(NATSingle), string(NATPerZone)}
}
