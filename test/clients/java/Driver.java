import com.mesosphere.mesos.rx.java.AwaitableSubscription;
import com.mesosphere.mesos.rx.java.SinkOperation;
import com.mesosphere.mesos.rx.java.SinkOperations;
import com.mesosphere.mesos.rx.java.protobuf.ProtobufMesosClientBuilder;
import com.mesosphere.mesos.rx.java.protobuf.SchedulerCalls;
import com.mesosphere.mesos.rx.java.util.UserAgentEntries;
import java.net.URI;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.apache.mesos.v1.Protos;
import org.apache.mesos.v1.scheduler.Protos.Call;
import org.apache.mesos.v1.scheduler.Protos.Event;
import rx.Observable;

/**
 * A scheduler on mesos-rxjava: so many tasks of a command, each to its end. Arguments: the URI of the scheduler API
 * and the number of tasks. A line on standard output for every update; ends with status 0 when all have finished.
 */
public final class Driver {
  private final int wanted;
  private final Set<String> finished = new HashSet<>();
  private Protos.FrameworkID framework;
  private boolean launched;

  private Driver(int wanted) {
    this.wanted = wanted;
  }

  public static void main(String[] arguments) throws Throwable {
    Driver driver = new Driver(Integer.parseInt(arguments[1]));
    AwaitableSubscription stream =
        ProtobufMesosClientBuilder.schedulerUsingProtos()
            .mesosUri(URI.create(arguments[0]))
            .applicationUserAgentEntry(UserAgentEntries.literal("driver", "1"))
            .subscribe(subscribe())
            .processStream(driver::answers)
            .build()
            .openStream();
    stream.await();
  }

  private static Call subscribe() {
    return Call.newBuilder()
        .setType(Call.Type.SUBSCRIBE)
        .setSubscribe(
            Call.Subscribe.newBuilder()
                .setFrameworkInfo(
                    Protos.FrameworkInfo.newBuilder().setUser("root").setName("mesos-rxjava")))
        .build();
  }

  private Observable<Optional<SinkOperation<Call>>> answers(Observable<Event> events) {
    return events.flatMap(event -> Observable.from(answersTo(event)));
  }

  private java.util.List<Optional<SinkOperation<Call>>> answersTo(Event event) {
    java.util.List<Optional<SinkOperation<Call>>> calls = new java.util.ArrayList<>();
    switch (event.getType()) {
      case SUBSCRIBED:
        framework = event.getSubscribed().getFrameworkId();
        System.out.println("subscribed " + framework.getValue());
        break;
      case OFFERS:
        for (Protos.Offer offer : event.getOffers().getOffersList()) {
          calls.add(Optional.of(SinkOperations.create(answerTo(offer))));
        }
        break;
      case UPDATE:
        calls.addAll(updated(event.getUpdate().getStatus()));
        break;
      case ERROR:
        System.out.println("error " + event.getError().getMessage());
        System.exit(1);
        break;
      default:
        break;
    }
    return calls;
  }

  private java.util.List<Optional<SinkOperation<Call>>> updated(Protos.TaskStatus status) {
    String task = status.getTaskId().getValue();
    System.out.println("update " + task + " " + status.getState());
    if (status.getState() == Protos.TaskState.TASK_FINISHED) {
      finished.add(task);
    }
    java.util.List<Optional<SinkOperation<Call>>> calls = new java.util.ArrayList<>();
    if (status.hasUuid()) {
      Call acknowledge =
          SchedulerCalls.ackUpdate(
              framework, status.getUuid(), status.getAgentId(), status.getTaskId());
      calls.add(Optional.of(SinkOperations.create(acknowledge, this::endWhenDone)));
    }
    return calls;
  }

  /** After the acknowledgement of the last update has been taken. */
  private void endWhenDone() {
    if (finished.size() == wanted) {
      System.exit(0);
    }
  }

  private Call answerTo(Protos.Offer offer) {
    if (launched) {
      return SchedulerCalls.decline(framework, java.util.Collections.singletonList(offer.getId()));
    }
    launched = true;
    Protos.Offer.Operation.Launch.Builder launch = Protos.Offer.Operation.Launch.newBuilder();
    for (int number = 1; number <= wanted; number++) {
      launch.addTaskInfos(task("rx-" + number, offer));
    }
    return Call.newBuilder()
        .setFrameworkId(framework)
        .setType(Call.Type.ACCEPT)
        .setAccept(
            Call.Accept.newBuilder()
                .addOfferIds(offer.getId())
                .addOperations(
                    Protos.Offer.Operation.newBuilder()
                        .setType(Protos.Offer.Operation.Type.LAUNCH)
                        .setLaunch(launch)))
        .build();
  }

  private static Protos.TaskInfo task(String name, Protos.Offer offer) {
    return Protos.TaskInfo.newBuilder()
        .setName(name)
        .setTaskId(Protos.TaskID.newBuilder().setValue(name))
        .setAgentId(offer.getAgentId())
        .setCommand(Protos.CommandInfo.newBuilder().setValue("echo from " + name))
        .addResources(scalar("cpus", 0.1))
        .addResources(scalar("mem", 32))
        .build();
  }

  private static Protos.Resource scalar(String name, double value) {
    return Protos.Resource.newBuilder()
        .setName(name)
        .setType(Protos.Value.Type.SCALAR)
        .setRole("*")
        .setScalar(Protos.Value.Scalar.newBuilder().setValue(value))
        .build();
  }
}
