"""From raw data to rows that each member may see, and what preprocessing learnt from them."""
