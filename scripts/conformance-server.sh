#!/bin/sh
# One server for the conformance runner, in the foreground:
#   conformance-server.sh [--closed=DIR] master PORT WORKDIR [flags]
#   conformance-server.sh [--closed=DIR] agent PORT MASTER:PORT WORKDIR [flags]
# DIR: the files of a cluster with everything on. The server then listens beside the port, to which it
# is a forwarder that listens (test/support/forwarder.ts), for the runner speaks plain HTTP.
root=$(dirname "$(dirname "$(readlink -f "$0")")")
case $1 in
  --closed=*)
    closed=${1#*=}
    shift
    ;;
  *) closed= ;;
esac
kind=$1
port=$2
shift 2
if [ "$kind" = master ]; then
  cluster=$1
  shift
  set -- --ip=127.0.0.1 "--work_dir=$cluster/master" --registry=in_memory "$@"
else
  master=$1
  work=$2
  cluster=$(dirname "$work")
  shift 2
  case " $* " in
    *" --resources="*) ;;
    *) set -- "--resources=cpus:4;mem:4096;disk:8192;ports:[31000-32000]" "$@" ;;
  esac
  case " $* " in
    *" --ip="*) ;;
    *) set -- --ip=127.0.0.1 "$@" ;;
  esac
  set -- "--master=$master" "--work_dir=$work" "--runtime_dir=$work/run" "$@"
fi
if [ -n "$closed" ]; then
  behind=$((port + 100))
  # Who comes in is the subject of some scripts, which are left alone, but for TLS.
  if grep -qsE -e '--(acls|credentials|authenticate)' "$cluster/master.flags"; then
    variables=$closed/hosts/localhost/environment
    how=--without_credentials
  else
    variables=$closed/environment
    how=
  fi
  case " $* " in
    *" --advertise_ip="*) how="$how --host=0.0.0.0" ;;
  esac
  MESOSCALE_CLOSED_FOLDER=$closed "$root/node_modules/.bin/node" "$root/test/support/forwarder.ts" \
    $how "$port" "$behind" &
  set -a
  . "$variables"
  set +a
  set -- "--advertise_port=$port" "$@"
  port=$behind
fi
exec "$root/bin/mesos-$kind" "--port=$port" "$@"
