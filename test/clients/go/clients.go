// Package clients names the programs of mesos-go that are built and run as they are: its example scheduler and
// executor, which speak protobuf.
package clients
