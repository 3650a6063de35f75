// The system calls that a container of type DOCKER cannot make, unless a capability that it asks
// for is for these. The profile names what is forbidden, and allows all else: what docker documents
// of its own, which lists what is allowed.
import { parseSeccompProfile, type SeccompProfile } from '../seccomp-profile.ts';

/** By the capability that lets a container make them. */
const WITH_CAPABILITY: Readonly<Record<string, string>> = {
  CAP_DAC_READ_SEARCH: 'open_by_handle_at',
  CAP_SYS_ADMIN:
    'bpf fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie mount mount_setattr move_mount ' +
    'open_tree open_tree_attr perf_event_open pivot_root quotactl quotactl_fd setdomainname sethostname setns swapoff ' +
    'swapon umount umount2 unshare',
  CAP_SYS_BOOT: 'kexec_file_load kexec_load reboot',
  CAP_SYS_MODULE: 'create_module delete_module finit_module init_module query_module',
  CAP_SYS_NICE: 'get_mempolicy mbind move_pages set_mempolicy set_mempolicy_home_node',
  CAP_SYS_PACCT: 'acct',
  CAP_SYS_PTRACE: 'kcmp pidfd_getfd process_madvise process_vm_readv process_vm_writev',
  CAP_SYS_RAWIO: 'ioperm iopl',
  CAP_SYS_TIME: 'clock_adjtime clock_settime settimeofday stime',
  CAP_SYS_TTY_CONFIG: 'vhangup',
  CAP_SYSLOG: 'syslog',
};

const NEVER =
  '_sysctl add_key get_kernel_syms io_uring_enter io_uring_register io_uring_setup keyctl nfsservctl ' +
  'request_key sysfs uselib userfaultfd ustat vm86 vm86old';

/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET */
const NAMESPACES = [
  0x0002_0000, 0x0200_0000, 0x0400_0000, 0x0800_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000,
];

const ENOSYS = 38;
/** Sockets to the hypervisor of a virtual machine: no network namespace keeps anyone from these. */
const AF_VSOCK = 40;
const FORBIDDEN = 'SCMP_ACT_ERRNO';
const ADMIN = { excludes: { caps: ['CAP_SYS_ADMIN'] } };

let parsed: SeccompProfile | undefined;

export function dockerSeccomp(): SeccompProfile {
  parsed ??= parseSeccompProfile(
    JSON.stringify({
      defaultAction: 'SCMP_ACT_ALLOW',
      archMap: [
        {
          architecture: 'SCMP_ARCH_X86_64',
          subArchitectures: ['SCMP_ARCH_X86', 'SCMP_ARCH_X32'],
        },
        { architecture: 'SCMP_ARCH_AARCH64', subArchitectures: ['SCMP_ARCH_ARM'] },
      ],
      syscalls: [
        { names: NEVER.split(' '), action: FORBIDDEN },
        ...Object.entries(WITH_CAPABILITY).map(([capability, names]) => ({
          names: names.split(' '),
          action: FORBIDDEN,
          excludes: { caps: [capability] },
        })),
        ...NAMESPACES.map((flag) => ({
          names: ['clone'],
          action: FORBIDDEN,
          args: [{ index: 0, value: flag, valueTwo: flag, op: 'SCMP_CMP_MASKED_EQ' }],
          ...ADMIN,
        })),
        {
          names: ['socket'],
          action: FORBIDDEN,
          args: [{ index: 0, value: AF_VSOCK, valueTwo: 0, op: 'SCMP_CMP_EQ' }],
        },
        // Its flags are in memory, which no filter sees: programs go on with clone.
        { names: ['clone3'], action: FORBIDDEN, errnoRet: ENOSYS, ...ADMIN },
      ],
    }),
  );
  return parsed;
}
