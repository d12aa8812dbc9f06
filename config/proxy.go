package config

// Proxy is nginx in front of the apps. There is one where there are routes.
type Proxy struct {
	// Routes lead to apps. The longest path that a request starts with wins.
	Routes []Route `json:"routes"`
	// Image is an unprivileged nginx image.
	Image string `json:"image" default:"docker.io/nginxinc/nginx-unprivileged:1.28.0"`
	// Namespace is where it is: an entry of `namespaces`.
	Namespace string `json:"namespace" absent:"the stack's own"`
	// Replicas is the number of pods.
	Replicas int `json:"replicas" tier:"dev=1 staging=2 prod=3"`
	// Drain is how long a pod that is to stop goes on serving, in seconds, until nobody calls it any more: longer than
	// what is in front of it takes to find out.
	Drain int `json:"drain" tier:"dev=5 staging=15 prod=30"`
	// Public lets any client, inside and outside of the cluster, call the proxy, besides those that the edge lets in.
	Public bool `json:"public" absent:"true with the edge none, else false"`
	// BodySize is the greatest body of a request, as nginx writes sizes: digits, and k, m or g.
	BodySize string `json:"bodySize" default:"10m"`
	// Timeouts are how long an app may take.
	Timeouts ProxyTimeouts `json:"timeouts"`
	// TrustedProxies are the ranges of those in front of the proxy that are believed when they say who the client is.
	TrustedProxies []string `json:"trustedProxies"`
	// ErrorPages holds HTML pages for errors of the proxy itself, by status. Where none is given, there are plain ones.
	ErrorPages map[string]string `json:"errorPages" key:"STATUS"`
	// Requests is what a node must have free for a pod.
	Requests ProxyRequests `json:"requests"`
	// Limits is the most that a pod may use.
	Limits ProxyLimits `json:"limits"`
}

// proxyName is the proxy's name among the apps.
const proxyName = "proxy"

// Route leads requests to an app.
type Route struct {
	// Path is what a request starts with.
	Path string `json:"path" required:"true"`
	// App is the name of the app, whose main port the requests go to.
	App string `json:"app" required:"true"`
}

// ProxyTimeouts are how long an app may take until the proxy answers for it, in seconds.
type ProxyTimeouts struct {
	// Connect is the time to accept a connection.
	Connect int `json:"connect" default:"3"`
	// Send is the time between two writes to the app.
	Send int `json:"send" default:"60"`
	// Read is the time between two reads from the app.
	Read int `json:"read" default:"60"`
}

// ProxyRequests is what a node must have free for a pod of the proxy.
type ProxyRequests struct {
	// CPU is a quantity of cores.
	CPU string `json:"cpu" default:"50m"`
	// Memory is a quantity of bytes.
	Memory string `json:"memory" default:"64Mi"`
	// EphemeralStorage is a quantity of bytes on the node's disk.
	EphemeralStorage string `json:"ephemeralStorage" default:"64Mi"`
}

// ProxyLimits is the most that a pod of the proxy may use.
type ProxyLimits struct {
	// CPU is a quantity of cores; there is one worker process for each.
	CPU string `json:"cpu" default:"1"`
	// Memory is a quantity of bytes.
	Memory string `json:"memory" default:"128Mi"`
	// EphemeralStorage is a quantity of bytes on the node's disk, where large requests and answers wait.
	EphemeralStorage string `json:"ephemeralStorage" default:"512Mi"`
}
