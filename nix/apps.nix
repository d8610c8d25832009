# `nix run .#lab -- run host`: the lab of the current folder, which has profiles/.
{ packages }:
rec {
  lab = { type = "app"; program = "${packages.lab}/bin/sightline-lab"; };
  default = lab;
}
