# All outputs of one system.
{ self, lib, system, crane, pkgs }:
let
  rust = import ./rust.nix { inherit lib pkgs crane; };
  pinned = import ./pinned.nix { inherit lib pkgs system; };
  kernels = import ./kernels.nix { inherit lib pkgs system; };
  packages = import ./packages.nix { inherit lib pkgs rust kernels; };
  formatter = pkgs.nixpkgs-fmt;
in
{
  inherit packages formatter;
  shells = import ./shells.nix { inherit lib pkgs rust pinned; };
  apps = import ./apps.nix { inherit packages; };
  checks = import ./checks.nix { inherit self pkgs rust packages formatter; };
}
