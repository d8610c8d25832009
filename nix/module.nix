# The probe as a service: it records what happens below one cgroup, as long as the machine runs.
self:
{ config, lib, pkgs, ... }:
let
  cfg = config.services.sightline;
  inherit (lib) mkEnableOption mkIf mkOption types;
in
{
  options.services.sightline = {
    enable = mkEnableOption "the probe of Sightline as a service";

    package = mkOption {
      type = types.package;
      default = self.packages.${pkgs.stdenv.hostPlatform.system}.lab-probe;
      defaultText = lib.literalExpression "sightline.packages.\${system}.lab-probe";
      description = "The package that has `bin/lab-probe`.";
    };

    slice = mkOption {
      type = types.strMatching "[a-z0-9]+";
      default = "sightline";
      example = "agents";
      description = ''
        Name of the systemd slice that is observed, without `.slice`. Whatever should be seen runs in it:
        `systemd-run --slice=sightline.slice ...`, or `serviceConfig.Slice` of a service.
      '';
    };

    ringBytes = mkOption {
      type = types.ints.between 4096 1073741824;
      default = 8388608;
      description = ''
        Bytes of the buffer between kernel and probe. A buffer that is full loses records, and the probe counts them.
      '';
    };

    threads = mkOption {
      type = types.ints.positive;
      default = 1024;
      description = "How many threads of the slice can be within a call at the same time.";
    };
  };

  config = mkIf cfg.enable {
    systemd.slices.${cfg.slice}.description = "What Sightline observes";

    # The probe stops when its input ends. This one has no end; `echo stop` into it ends the recording.
    systemd.sockets.sightline-probe = {
      description = "Orders to the probe of Sightline";
      socketConfig = {
        ListenFIFO = "/run/sightline-probe.control";
        SocketMode = "0600";
        RemoveOnStop = true;
      };
    };

    systemd.services.sightline-probe = {
      description = "The probe of Sightline";
      wantedBy = [ "multi-user.target" ];
      requires = [ "${cfg.slice}.slice" "sightline-probe.socket" ];
      after = [ "${cfg.slice}.slice" "sightline-probe.socket" ];
      unitConfig.RequiresMountsFor = "/sys/fs/cgroup";
      serviceConfig = {
        # A recording of its own for each start: a spool is never written over.
        ExecStart = lib.concatStringsSep " " [
          "${cfg.package}/bin/lab-probe record"
          "--scope /sys/fs/cgroup/${cfg.slice}.slice"
          "--spool /var/lib/sightline/\${INVOCATION_ID}.spool"
          "--ring-bytes ${toString cfg.ringBytes}"
          "--threads ${toString cfg.threads}"
        ];
        StandardInput = "fd:sightline-probe.socket";
        StandardOutput = "journal";
        Restart = "on-failure";
        StateDirectory = "sightline";
        StateDirectoryMode = "0700";
        UMask = "0077";

        # What loading and attaching take, and reading /proc of the processes that are observed.
        CapabilityBoundingSet = [ "CAP_BPF" "CAP_PERFMON" "CAP_SYS_PTRACE" "CAP_DAC_READ_SEARCH" ];
        NoNewPrivileges = true;
        ProtectSystem = "strict";
        ProtectHome = true;
        PrivateTmp = true;
        PrivateDevices = true;
        PrivateNetwork = true;
        ProtectClock = true;
        ProtectHostname = true;
        ProtectKernelLogs = true;
        ProtectKernelModules = true;
        ProtectControlGroups = true;
        MemoryDenyWriteExecute = true;
        LockPersonality = true;
        RestrictNamespaces = true;
        RestrictRealtime = true;
        RestrictSUIDSGID = true;
        RestrictAddressFamilies = "none";
        SystemCallArchitectures = "native";
        SystemCallFilter = [ "@system-service" "bpf" "perf_event_open" ];
      };
    };
  };
}
