# The profile `host` in a NixOS machine, and the probe as a service.
{ self, packages }:
{
  name = "sightline-host";
  nodes.machine = { pkgs, ... }: {
    imports = [ self.nixosModules.sightline ./lab.nix ];
    environment.systemPackages = [ pkgs.strace ];
    virtualisation.memorySize = 2048;
  };
  testScript = ''
    machine.wait_for_unit("sightline-probe.service")
    machine.succeed("cp -r ${packages.lab}/share/sightline /root/lab && chmod -R u+w /root/lab")
    # The goldens are of a machine with /usr/bin and another loader, so there is drift; what is not proven or is lost ends
    # with 2 or 3. The scenario shell-spawn is left out: it starts /usr/bin/id, which NixOS does not have.
    scenarios = ["sensitive-read", "file-tamper", "network-beacon", "privilege-change"]
    only = " ".join(f"--scenario {name}" for name in scenarios)
    status, said = machine.execute(f"/root/lab/xtask --lab /root/lab lab run host {only} --no-install 2>&1")
    assert status in (0, 1), said
    machine.succeed("systemctl stop sightline-probe.service")
    machine.succeed("test -s /var/lib/sightline/*.spool")
  '';
}
