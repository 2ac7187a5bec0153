// Made by novacron from fleet/. Do not edit: change that file, then run `make synth`.
// Makes application once for each of the regions, each in a sync wave of its own, in their order.
function(regions, application)
  std.mapWithIndex(
    function(position, region) std.parseJson(application % (region { wave: position })),
    std.parseJson(regions),
  )
