#!/bin/sh
# One server for the conformance runner, in the foreground:
#   conformance-server.sh master PORT WORKDIR [flags]
#   conformance-server.sh agent PORT MASTER:PORT WORKDIR [flags]
bin=$(dirname "$(dirname "$(readlink -f "$0")")")/bin
kind=$1
port=$2
shift 2
if [ "$kind" = master ]; then
  work=$1
  shift
  exec "$bin/mesos-master" --ip=127.0.0.1 "--port=$port" "--work_dir=$work/master" \
    --registry=in_memory "$@"
fi
master=$1
work=$2
shift 2
case " $* " in
  *" --resources="*) ;;
  *) set -- "--resources=cpus:4;mem:4096;disk:8192;ports:[31000-32000]" "$@" ;;
esac
case " $* " in
  *" --ip="*) ;;
  *) set -- --ip=127.0.0.1 "$@" ;;
esac
exec "$bin/mesos-agent" "--port=$port" "--master=$master" "--work_dir=$work" \
  "--runtime_dir=$work/run" "$@"
