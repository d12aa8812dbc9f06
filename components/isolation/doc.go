// Package isolation keeps environments in one cluster out of each other's way, with what belongs to the whole cluster:
// priorities for pods, and a policy by which the API server refuses images in an environment's namespaces. All of it is
// called after the environment, so that two of them do not meet.
package isolation
