#!/usr/bin/perl
# The same as the C program beside it, for machines without a compiler: same requests, reports and
# records, which spawner.c describes. Needs nothing beyond Perl's base package; costs some megabytes
# where the C program costs some pages, and looks at processes that it has not started five times a
# second.
use strict;
use warnings;
no warnings 'exec';
use Errno qw(EEXIST EBUSY EINTR);
use Fcntl qw(:DEFAULT);
use POSIX qw(:signal_h :sys_wait_h :fcntl_h setsid);

my $max_frame = 8 * 1024 * 1024;
my $look_seconds = 0.2;
my %entries;

# A byte in this pipe means that a signal has come: select() alone would miss one just before it.
my ($wake_in, $wake_out);

sub make_wake {
  pipe($wake_in, $wake_out) or die "pipe: $!";
  for my $end ($wake_in, $wake_out) {
    fcntl($end, F_SETFL, O_NONBLOCK);
  }
}

sub wake { syswrite($wake_out, 'w'); return }

# Sleeps until a signal, until one of the handles can be read, or for so long.
sub await {
  my ($seconds, @handles) = @_;
  my $bits = '';
  vec($bits, fileno($_), 1) = 1 for $wake_in, @handles;
  my $count = select(my $ready = $bits, undef, undef, $seconds);
  sysread($wake_in, my $ignored, 4096);
  return grep { $count > 0 && vec($ready, fileno($_), 1) } @handles;
}

sub report {
  my $line = substr("@_", 0, 1000) . "\n";
  while (length $line) {
    my $size = syswrite(STDOUT, $line);
    return if !defined $size && $! != EINTR;
    substr($line, 0, $size // 0, '');
  }
}

sub read_file {
  my ($path) = @_;
  open(my $file, '<', $path) or return;
  local $/;
  return scalar <$file>;
}

sub write_file {
  my ($path, $flags, $text) = @_;
  sysopen(my $file, $path, O_WRONLY | $flags, 0644) or return 0;
  my $size = syswrite($file, $text);
  my $error = $!;
  close($file);
  $! = $error;
  return defined $size && $size == length $text;
}

sub store {
  my ($folder, $name, $text, $exclusive) = @_;
  my $from = "$folder/$name.$$";
  write_file($from, O_CREAT | O_TRUNC, $text) or return 0;
  return rename($from, "$folder/$name") if !$exclusive;
  my $good = link($from, "$folder/$name");
  my $error = $!;
  unlink($from);
  $! = $error;
  return $good;
}

# Parent and start time of a process.
sub read_stat {
  my ($pid) = @_;
  my $text = read_file("/proc/$pid/stat") // return;
  $text =~ s/^.*\) //s;
  my @fields = split / /, $text;
  return @fields[1, 19];
}

# ---- The container's process, between fork and exec. ----

sub fail {
  my ($failure, $text) = @_;
  kill('KILL', $$) if !$failure;
  syswrite($failure, $text);
  POSIX::_exit(1);
}

sub drop_privileges {
  my ($launch, $failure) = @_;
  my ($uid, $gid) = @$launch{qw(uid gid)};
  return if $uid eq '-';
  $) = join ' ', $gid, @{ $launch->{groups} } ? @{ $launch->{groups} } : $gid;
  POSIX::setgid($gid);
  POSIX::setuid($uid);
  fail($failure, "Failed to become user $uid: $!") if $< != $uid || $> != $uid || $( != $gid;
}

sub become {
  my ($launch, $failure) = @_;
  for my $group (@{ $launch->{cgroups} }) {
    write_file("$group/cgroup.procs", 0, '0') or fail($failure, "Failed to join cgroup '$group': $!");
  }
  umask(022);
  drop_privileges($launch, $failure);
  chdir($launch->{directory})
    or fail($failure, "Failed to change directory to '$launch->{directory}': $!");
  open(STDIN, '<', '/dev/null') or fail($failure, "Failed to open /dev/null: $!");
  redirect($launch->{out}, 1, $failure);
  redirect($launch->{err}, 2, $failure);
  $SIG{$_} = 'DEFAULT' for grep { !/^(?:__|NUM|KILL$|STOP$)/ } keys %SIG;
  sigprocmask(SIG_SETMASK, POSIX::SigSet->new());
  %ENV = map { /^([^=]*)=(.*)$/s ? ($1 => $2) : () } @{ $launch->{environment} };
  my ($program, @arguments) = @{ $launch->{arguments} };
  exec { $program } @arguments;
  syswrite(STDERR, "Failed to execute '$program': $!\n");
  POSIX::_exit(1);
}

sub redirect {
  my ($path, $number, $failure) = @_;
  sysopen(my $file, $path, O_WRONLY | O_CREAT | O_APPEND, 0644)
    or fail($failure, "Failed to open '$path': $!");
  POSIX::dup2(fileno($file), $number) // fail($failure, "Failed to open '$path': $!");
}

# ---- Supervisor. ----

sub in_cgroup {
  my ($group) = @_;
  return split /\n/, read_file("$group/cgroup.procs") // '';
}

sub descendants {
  opendir(my $proc, '/proc') or return;
  my %children;
  for my $pid (grep { /^\d+$/ } readdir $proc) {
    my ($parent) = read_stat($pid);
    push @{ $children{$parent} }, $pid if defined $parent;
  }
  my (@found, @next);
  @next = @{ $children{$$} // [] };
  while (@next) {
    push @found, @next;
    @next = map { @{ $children{$_} // [] } } @next;
  }
  return @found;
}

sub kill_all {
  my ($launch) = @_;
  my ($group) = @{ $launch->{cgroups} };
  if (defined $group && !write_file("$group/cgroup.kill", 0, '1')) {
    write_file("$group/freezer.state", 0, 'FROZEN');
    kill('KILL', in_cgroup($group));
    write_file("$group/freezer.state", 0, 'THAWED');
  }
  kill('KILL', descendants());
}

sub remove_cgroup {
  my ($group) = @_;
  return 1 if rmdir($group) || $! != EBUSY;
  remove_cgroup($_) for grep { -d } glob("\Q$group\E/*");
  return rmdir($group);
}

sub clean {
  my ($launch) = @_;
  while ((my $pid = waitpid(-1, WNOHANG)) >= 0) {
    next if $pid > 0;
    kill_all($launch);
    await(0.02);
  }
  for my $group (@{ $launch->{cgroups} }) {
    for (1 .. 200) {
      last if remove_cgroup($group);
      kill_all($launch);
      await(0.005);
    }
  }
}

sub give_up {
  my ($launch, $text) = @_;
  store($launch->{run}, 'failure', $text, 0);
  clean($launch);
  POSIX::_exit(1);
}

sub start_process {
  my ($launch) = @_;
  pipe(my $release_in, my $release_out) && pipe(my $failure_in, my $failure_out)
    or give_up($launch, "Failed to create a pipe: $!");
  my $pid = fork() // give_up($launch, "Failed to fork: $!");
  if ($pid == 0) {
    close($release_out);
    sysread($release_in, my $byte, 1) or POSIX::_exit(1);
    setsid();
    become($launch, $failure_out);
  }
  close($release_in);
  close($failure_out);
  my (undef, $own) = read_stat($$);
  my (undef, $theirs) = read_stat($pid);
  my $record = join ' ', $$, $own, $pid, $theirs // 0, time() * 1000, $launch->{boot};
  if (!store($launch->{run}, 'supervisor', "$record\n", 1)) {
    my $taken = $! == EEXIST;
    close($release_out);
    give_up($launch, "Failed to record the supervisor: $!") if !$taken;
    clean($launch);
    POSIX::_exit(1);
  }
  syswrite($release_out, 'x') or give_up($launch, "Failed to release the process: $!");
  close($release_out);
  my $text = '';
  while (sysread($failure_in, $text, 1024, length $text)) { }
  give_up($launch, $text) if $text ne '';
  return $pid;
}

sub close_all_but {
  my %keep = map { $_ => 1 } 0, 1, 2, map { fileno($_) } @_;
  opendir(my $folder, '/proc/self/fd') or return;
  my @numbers = grep { /^\d+$/ && !$keep{$_} } readdir $folder;
  closedir($folder);
  POSIX::close($_) for @numbers;
}

# The number of prctl(2) is the machine's; without it orphans are found by cgroup only.
sub control {
  my ($option, $value) = @_;
  my %number = (x86_64 => 157, aarch64 => 167, riscv64 => 167, ppc64le => 171, s390x => 172);
  my $prctl = $number{ (POSIX::uname())[4] };
  syscall($prctl, $option, $value, 0, 0, 0) if defined $prctl;
}

my ($set_parent_death_signal, $set_child_subreaper) = (1, 36);

sub supervise {
  my ($launch, $go, $spawner) = @_;
  setsid();
  if ($launch->{mode} eq 'bound') {
    control($set_parent_death_signal, SIGUSR1);
    POSIX::_exit(0) if getppid() != $spawner;
  }
  control($set_child_subreaper, 1);
  $0 = 'mesoscale-super';
  open(STDIN, '<', '/dev/null');
  open(STDOUT, '>', '/dev/null');
  open(STDERR, '>', '/dev/null');
  close_all_but($go);
  make_wake();
  my ($terminate, $destroy);
  $SIG{CHLD} = \&wake;
  $SIG{TERM} = sub { $terminate = 1; wake() };
  $SIG{USR1} = sub { $destroy = 1; wake() };
  my $byte;
  my $size;
  do { $size = sysread($go, $byte, 1) } while (!defined $size && $! == EINTR);
  if (!$size) {
    clean($launch);
    POSIX::_exit(0);
  }
  close($go);
  sigprocmask(SIG_SETMASK, POSIX::SigSet->new());
  my $process = start_process($launch);
  for (;;) {
    while ((my $pid = waitpid(-1, WNOHANG)) > 0) {
      next if $pid != $process;
      store($launch->{run}, 'status', "$?\n", 0);
      clean($launch);
      POSIX::_exit(0);
    }
    kill('TERM', descendants()) if $terminate;
    kill_all($launch) if $destroy;
    ($terminate, $destroy) = ();
    await(60);
  }
}

# ---- Spawner. ----

sub end_entry {
  my ($token, $status) = @_;
  report('ended', $token, $status);
  delete $entries{$token};
}

sub launch_one {
  my ($token, $launch) = @_;
  my $supervised = $launch->{mode} ne 'plain';
  my ($go_in, $go_out);
  if ($supervised) {
    pipe($go_in, $go_out) or return report('failed', $token, "Failed to create a pipe: $!");
    for my $group (@{ $launch->{cgroups} }) {
      mkdir($group, 0755) || $! == EEXIST
        or return report('failed', $token, "Failed to create cgroup '$group': $!");
    }
  }
  my $spawner = $$;
  my $pid = fork() // return report('failed', $token, "Failed to fork: $!");
  if ($pid == 0) {
    if ($supervised) {
      close($go_out);
      supervise($launch, $go_in, $spawner);
    }
    setsid();
    become($launch, undef);
  }
  my (undef, $start) = read_stat($pid);
  $entries{$token} = { pid => $pid, child => 1, plain => !$supervised, go => $go_out };
  report('started', $token, $pid, $start // 0);
}

sub take_launch {
  my ($token, @strings) = @_;
  my %launch;
  @launch{qw(mode run boot directory out err uid gid)} = splice @strings, 0, 8;
  for my $name (qw(groups cgroups environment arguments)) {
    my $count = shift(@strings) // 0;
    return report('failed', $token, 'Malformed request') if $count > @strings;
    $launch{$name} = [splice @strings, 0, $count];
  }
  return report('failed', $token, 'Malformed request') if @{ $launch{arguments} } < 2;
  launch_one($token, \%launch);
}

sub take_signal {
  my ($entry, $signal) = @_;
  if ($entry->{go}) {
    close(delete $entry->{go});
  } elsif ($entry->{plain}) {
    signal_plain($entry, $signal);
  } else {
    kill($signal, $entry->{pid});
  }
}

# One may be so young that it has no group of its own yet.
sub signal_plain {
  my ($entry, $signal) = @_;
  kill(-$signal, $entry->{pid}) || kill($signal, $entry->{pid});
}

sub handle {
  my ($frame) = @_;
  my ($kind, $token, $rest) = unpack 'a1 V a*', $frame;
  my @strings = split /\0/, $rest, -1;
  pop @strings;
  my $entry = $entries{$token};
  if ($kind eq 'L') {
    take_launch($token, @strings);
  } elsif ($kind eq 'G') {
    if ($entry && $entry->{go}) {
      my $go = delete $entry->{go};
      syswrite($go, 'x');
      close($go);
    }
  } elsif ($kind eq 'S') {
    take_signal($entry, $strings[0]) if $entry;
  } elsif ($kind eq 'W') {
    $entries{$token} = { pid => $strings[0], start => $strings[1] };
  } else {
    exit 2;
  }
}

sub reap {
  while ((my $pid = waitpid(-1, WNOHANG)) > 0) {
    my $status = $?;
    for my $token (grep { $entries{$_}{child} && $entries{$_}{pid} == $pid } keys %entries) {
      end_entry($token, $status);
    }
  }
}

# Processes that are not children; true when there are any.
sub look {
  my @watched = grep { !$entries{$_}{child} } keys %entries;
  for my $token (@watched) {
    my (undef, $start) = read_stat($entries{$token}{pid});
    end_entry($token, -1) if !defined $start || $start != $entries{$token}{start};
  }
  return scalar @watched;
}

my $blocked = POSIX::SigSet->new(SIGTERM, SIGUSR1);
sigprocmask(SIG_BLOCK, $blocked);
$SIG{PIPE} = 'IGNORE';
$SIG{CHLD} = \&wake;
make_wake();
my $input = '';
for (;;) {
  reap();
  my $watching = look();
  next if !await($watching ? $look_seconds : 60, \*STDIN);
  my $size = sysread(STDIN, $input, 65536, length $input);
  if (defined $size && $size == 0) {
    signal_plain($_, 9) for grep { $_->{plain} } values %entries;
    exit 0;
  }
  while (length $input >= 4) {
    my $length = unpack 'V', $input;
    exit 2 if $length > $max_frame;
    last if length $input < 4 + $length;
    handle(substr($input, 4, $length));
    substr($input, 0, 4 + $length, '');
  }
}
