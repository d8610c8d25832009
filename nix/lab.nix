# A machine to run the lab on: the probe as a service, the audit daemon, nothing that others need.
{ lib, ... }:
{
  services.sightline.enable = true;
  security.auditd.enable = true;
  networking.hostName = "sightline";
  boot.loader.grub.device = lib.mkDefault "/dev/vda";
  fileSystems."/" = lib.mkDefault { device = "/dev/vda1"; fsType = "ext4"; };
  system.stateVersion = "26.05";
}
