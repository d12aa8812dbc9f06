// Package edge is how the outside reaches the applications of an environment: a load balancer, an Ingress or a Gateway.
//
// It stands in front of what is there, and changes nothing of it: another kind of edge takes other objects, all of them
// made here, and the applications and the proxy stay as they are. That includes the network policies: an edge opens
// each workload that it leads to for those who pass its requests on, and for nobody else.
//
// # What a controller wants to be told
//
// The Ingress and the Gateway API say less than an edge needs: how a redirect to HTTPS, a health check or a certificate
// of the cloud's is said differs between controllers. controller.go and balancer.go are the one place for that.
//
// # How an edge goes
//
// What makes a load balancer in a cloud is deleted by its controller, after it was asked to. So everything here depends
// on the controller, its definitions and the cluster's provider, and is waited for when it is deleted: routes first,
// then what they are attached to. None is deleted with something else.
package edge
