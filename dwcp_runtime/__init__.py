"""The agent that the images run: moves VM state between regions, keeps consensus, serves the API."""
