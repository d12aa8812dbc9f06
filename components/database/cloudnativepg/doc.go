// Package cloudnativepg describes a PostgreSQL to the operator CloudNativePG, which runs it and fails over by itself:
// when the primary is lost, the operator makes the most advanced replica the primary, and the Service of the primary
// leads there. The operator has to be in the cluster ([Args].Ready).
//
// Here is only what the operator is told: a Cluster with its instances, a Database and two roles for each application,
// and the way to them. What may only be said in SQL, the rights of the reading role, is said by a Job as the owner of
// the database.
//
// Nothing of it has run with the operator: the objects are checked against the operator's own definitions of their
// kinds, by a real API server.
//
// The operator knows one password of a role, so there is no rotation without refused connections, and none is offered.
// Volumes are the operator's and go with the Cluster: where they are to be retained, the Cluster itself is.
package cloudnativepg
