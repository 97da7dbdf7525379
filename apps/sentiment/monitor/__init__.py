"""From live streams of texts to stored scores, alerts and a page that shows them."""
